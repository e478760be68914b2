import type { Draw } from './draw.ts';

/** Family names as they are met in a hospital of a large town, the common ones first. */
const FAMILIES = words(`
  Miller Carter Novak Haddad Nguyen Garcia Keller Bauer Osei Lindqvist Moreau Rossi Petrov Yilmaz Okafor Silva Kowalski
  Tanaka Andersson Murphy Reyes Fischer Mensah Ivanov Costa Larsen Dubois Kaya Chen Patel Bianchi Horvath Walsh Morales
  Becker Jansen Nowak Santos Demir Kimura Eriksson Byrne Castillo Wagner Adeyemi Popescu Marino Laurent Nilsen Aydin
  Suzuki Hoffmann Kelly Vargas Schulz Abebe Sokolov Ferrari Bernard Virtanen Sahin Mori Richter Doyle Mendoza Wolff
  Diallo Dimitrov Ricci Girard Korhonen Celik Sato Krause Farrell Navarro Vogel Traore Georgiev Conti Fontaine Niemi
  Arslan Hayashi Lehmann Brennan Ortega Frank Kamau Stoica Greco Mercier Laine Polat Ito Berger Quinn Delgado Winkler
`);

/** Names whose letters or form are a trial for careless code: diacritics, apostrophes, spaces, hyphens, single letters. */
const TRYING = [
  "O'Connell",
  'Müller',
  'García Márquez',
  "D'Angelo",
  'Łukasik',
  'van der Meer',
  'Åkesson',
  'Núñez',
  'Ó Briain',
  'Žižka',
  'de la Cruz',
  'Sørensen',
  'Çelik-Roth',
  "N'Diaye",
  'İnan',
  'Größl',
  'El-Sayed',
  'Ng',
  'O',
  'Þórsson',
  'Nguyễn',
  'Ångström',
];

const FIRST_PARTS = words(`
  Ash Birch Black Brad Bram Brook Burn Carl Clay Clif Cold Crom Dal Den East Elm Fair Fen Fern Ford Glen Gold Gran Green
  Hal Ham Hart Hazel Heath Hol Hunt Kings Kirk Lang Lin Lock Long Mar Mel Mid Mill Nor North Oak Old Pem Pres Quin Rad
  Red Rock Rose Row Rush Shel Sil South Spring Stan Stock Stone Strat Sun Thorn Trent Wake War Wat West Whit Wil Win Wood
`);
const LAST_PARTS = words(`
  ford ton ley well worth field by bury combe dale den er gate grove ham hurst land low man mere mont moor more ridge
  shaw stead stone thorpe wick wood
`);

const GIVEN = {
  female: words(`
    Anna Maria Sofia Elena Leila Grace Amara Ingrid Chloe Yuki Fatima Nora Lucia Emma Ayse Hana Olga Ruth Camila Linnea
    Aoife Miriam Zeynep Petra Adaeze Julia Noor Irene Marta Freya Salma Vera Isabel Helen Keiko Rosa Alma Edith Nadia Ines
  `),
  male: words(`
    David Lukas Omar Mateo Kwame Jonas Ali Hiro Pavel Hugo Emil Tomas Ibrahim Noah Diego Erik Samuel Mehmet Adam Leon
    Cormac Anton Yusuf Rafael Victor Chidi Marek Theo Idris Paul Oscar Stefan Karim Bruno Kenji Felix Axel Simon Tariq Luis
  `),
};

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

/**
 * A family name: one in two from the common ones, steeply ranked (the first is borne by about one person in a hundred),
 * most others composed (a long tail of some 2,000 forms), some double-barrelled, some trying.
 */
export function familyName(draw: Draw): string {
  const kind = draw.whole(1, 100);
  if (kind <= 50) return draw.pickRanked(FAMILIES, 40);
  if (kind <= 90) return draw.pickRanked(FIRST_PARTS, 30) + draw.pickRanked(LAST_PARTS, 12);
  if (kind <= 96) return `${draw.pickRanked(FAMILIES, 40)}-${draw.pickRanked(FAMILIES, 40)}`;
  return draw.pick(TRYING);
}

export function givenNames(draw: Draw, gender: 'female' | 'male'): string[] {
  const first = draw.pickRanked(GIVEN[gender], 20);
  if (!draw.chance(0.4)) return [first];
  const second = draw.pick(GIVEN[gender].filter((name) => name !== first));
  return [first, second];
}
