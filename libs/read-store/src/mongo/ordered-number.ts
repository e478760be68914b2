const bytes = new DataView(new ArrayBuffer(8));

/** A number as 16 hexadecimal digits whose order as text is the order of numbers. */
export function orderedNumber(value: number): string {
  // Minus zero is zero.
  bytes.setFloat64(0, value === 0 ? 0 : value);
  const high = bytes.getUint32(0);
  const low = bytes.getUint32(4);
  // IEEE 754: below zero a greater magnitude has greater bits.
  const negative = high >= 0x8000_0000;
  return digits(negative ? ~high >>> 0 : (high | 0x8000_0000) >>> 0) + digits(negative ? ~low >>> 0 : low);
}

const digits = (word: number): string => word.toString(16).padStart(8, '0');
