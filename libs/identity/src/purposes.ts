import type { Role } from './roles.ts';

/** The parts of v3-PurposeOfUse that the permission matrix tells apart: the value set's uppermost codes. */
export type PurposeClass = 'TREAT' | 'HPAYMT' | 'HOPERAT' | 'HRESCH' | 'HMARKT' | 'PATRQT' | 'PUBHLTH';

/**
 * Every code of http://terminology.hl7.org/ValueSet/v3-PurposeOfUse (2018-08-12, the version R4 refers to) under its
 * uppermost one.
 */
const CODES: Readonly<Record<PurposeClass, readonly string[]>> = {
  TREAT: ['TREAT', 'CLINTRL', 'COC', 'ETREAT', 'BTG', 'ERTREAT', 'POPHLTH'],
  HPAYMT: ['HPAYMT', 'CLMATTCH', 'COVAUTH', 'COVERAGE', 'ELIGDTRM', 'ELIGVER', 'ENROLLM', 'MILDCRG', 'REMITADV'],
  HOPERAT: [
    ...['HOPERAT', 'CAREMGT', 'DONAT', 'FRAUD', 'GOV', 'HACCRED', 'HCOMPL', 'HDECD', 'HDIRECT', 'HDM', 'HLEGAL'],
    ...['HOUTCOMS', 'HPRGRP', 'HQUALIMP', 'HSYSADMIN', 'LABELING', 'METAMGT', 'MEMADMIN', 'MILCDM', 'PATADMIN'],
    ...['PATSFTY', 'PERFMSR', 'RECORDMGT', 'SYSDEV', 'HTEST', 'TRAIN'],
  ],
  HRESCH: ['HRESCH', 'BIORCH', 'CLINTRCH', 'CLINTRCHNPC', 'CLINTRCHPC', 'PRECLINTRCH', 'DSRCH', 'POARCH', 'TRANSRCH'],
  HMARKT: ['HMARKT'],
  PATRQT: ['PATRQT', 'FAMRQT', 'PWATRNY', 'SUPNWK'],
  PUBHLTH: ['PUBHLTH', 'DISASTER', 'THREAT'],
};

export const PURPOSES: ReadonlyMap<string, PurposeClass> = new Map(
  Object.entries(CODES).flatMap(([top, codes]) => codes.map((code) => [code, top as PurposeClass] as const)),
);

/** The purpose of a request that names none. */
export const DEFAULT_PURPOSE: Readonly<Record<Role, string>> = {
  registrar: 'HOPERAT',
  nurse: 'TREAT',
  physician: 'TREAT',
  pharmacist: 'TREAT',
  'lab-technician': 'TREAT',
  biller: 'HPAYMT',
  'compliance-officer': 'HOPERAT',
  operator: 'HOPERAT',
  integration: 'HOPERAT',
};
