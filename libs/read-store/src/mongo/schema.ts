import { Schema } from 'mongoose';

/** Raised with every change of the fields below or of what their values mean; a generation of another one is rebuilt. */
export const LAYOUT = 1;

/** Where the pointer documents are, one a read model, and under `LAYOUT_ID` what `prepare` has made. */
export const MODELS = 'read_models';
export const LAYOUT_ID = '#layout';
/** Which subjects were erased, and which documents with them (these by keyed hash). */
export const ERASURES = 'read_model_erasures';

export const generationName = (model: string, generation: number): string => `${model}_g${generation}`;

/** One interval of a document; open ends are the greatest finite numbers. */
export interface RangeRow {
  /** The parameter, hashed. */
  readonly p: string;
  readonly l: number;
  readonly h: number;
  /** System and unit of a quantity, hashed; 0: none stated. */
  readonly s: number;
  readonly c: number;
}

/** What documents, and each composite value in them, are found by. */
export interface IndexFields {
  /** Keyed hashes of what is compared for equality: codes, ids, systems, strings as written, URIs. */
  readonly k: number[];
  /** Of a code with its system, of an id with its type. Without an index: what has the code is few enough. */
  readonly y: number[];
  /** Ordered text: the hashed parameter, a mark of what it is, and the value. */
  readonly s: string[];
  readonly r: RangeRow[];
}

/** A document of a generation. A removed one keeps only `_id`, `pos`, `f` and `sub`. */
export interface StoredDocument extends IndexFields {
  /** `<type>/<id>` */
  readonly _id: string;
  readonly t: string;
  readonly sub: string | null;
  /** Last updated. */
  readonly u: number;
  /** Of the newest operation. */
  readonly pos: number;
  /** Position of its first put: pages are in the order in which the record learned of things, also after a rebuild. */
  readonly f: number;
  readonly b: string;
  /** Composite values, each by itself; `n` is its number. */
  readonly c: (IndexFields & { readonly n: number })[];
  /** References out of it: `<hashed parameter> <type>/<id>`. */
  readonly e: string[];
  /** Least value by hashed parameter, for sorting; `m`: greatest, where that is another one. */
  readonly o: Record<string, string | number>;
  readonly m: Record<string, string | number>;
}

const index = { type: [Schema.Types.Mixed], default: undefined } as const;

/**
 * Declared here and nowhere else. A document's place `(f, _id)` stands behind each value, so that the documents of one
 * value come out in the order of pages: an equality condition and a place are one range of an index.
 */
export const documentSchema = new Schema(
  {
    _id: String,
    t: String,
    sub: String,
    u: Number,
    pos: Number,
    f: Number,
    b: String,
    k: { type: [Number], default: undefined },
    y: { type: [Number], default: undefined },
    s: { type: [String], default: undefined },
    r: index,
    c: index,
    e: { type: [String], default: undefined },
    o: Schema.Types.Mixed,
    m: Schema.Types.Mixed,
  },
  { autoIndex: false, autoCreate: false, versionKey: false, minimize: false },
)
  .index({ k: 1, f: 1, _id: 1 }, { name: 'by_key' })
  .index({ s: 1 }, { name: 'by_text' })
  .index({ t: 1, f: 1, _id: 1 }, { name: 'by_type' })
  .index({ t: 1, u: 1, f: 1, _id: 1 }, { name: 'by_updated' })
  .index({ sub: 1, t: 1, f: 1, _id: 1 }, { name: 'by_subject' });

/** `<model>/s/<subject>` and `<model>/d/<keyed hash of a document's key>`: nothing older than `pos` is written again. */
export const erasureSchema = new Schema(
  { _id: String, pos: Number, announced: Number, f: Number },
  { autoIndex: false, autoCreate: false, versionKey: false },
);

export interface Erasure {
  readonly _id: string;
  readonly pos: number;
  /** Of a subject: the position up to which every writer has been told. */
  readonly announced?: number;
  /** Of a document: the place it comes back to. */
  readonly f?: number;
}

/** See `ModelState`. */
export const modelSchema = new Schema(
  { _id: String },
  { autoIndex: false, autoCreate: false, versionKey: false, strict: false, minimize: false },
);
