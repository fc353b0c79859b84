/** What Pillow makes of a picture: its mode, and how the samples lie. */
export interface PillowMode {
  readonly mode: string
  readonly raw: string
}

/** What `TiffImagePlugin.OPEN_INFO` asks for. */
export interface ModeKey {
  readonly littleEndian: boolean
  readonly photometric: number
  readonly sampleFormat: readonly number[]
  readonly fillOrder: number
  readonly bits: readonly number[]
  readonly extra: readonly number[]
}

/** The mode of a picture, or `undefined` where Pillow 12 refuses it (`unknown pixel mode`). */
export function pillowMode(key: ModeKey): PillowMode | undefined {
  const { littleEndian, photometric, sampleFormat, fillOrder, bits, extra } = key
  const row = [photometric, sampleFormat.join(), fillOrder, bits.join(), extra.join() || '-'].join(' ')
  const found = MODES.get(`${row} ${littleEndian ? 'II' : 'MM'}`) ?? MODES.get(`${row} *`)
  return found && { mode: found.mode, raw: found.raw.replace('16#', littleEndian ? '16L' : '16B') }
}

/** More samples than in any row are refused before their bits are looked at. */
export const MOST_SAMPLES = 6

/**
 * Photometric, sample format, fill order, bits of each sample, extra samples, byte order (`*` both), mode, raw mode (`16#`
 * ends in the byte order). The facts of `OPEN_INFO` in Pillow 12.3.
 */
const ROWS = `
0 1 1 1 - * 1 1;I
0 1 2 1 - * 1 1;IR
1 1 1 1 - * 1 1
1 1 2 1 - * 1 1;R
0 1 1 2 - * L L;2I
0 1 2 2 - * L L;2IR
1 1 1 2 - * L L;2
1 1 2 2 - * L L;2R
0 1 1 4 - * L L;4I
0 1 2 4 - * L L;4IR
1 1 1 4 - * L L;4
1 1 2 4 - * L L;4R
0 1 1 8 - * L L;I
0 1 2 8 - * L L;IR
1 1 1 8 - * L L
1 2 1 8 - * L L
1 1 2 8 - * L L;R
1 1 1 12 - II I;16 I;12
0 1 1 16 - II I;16 I;16
1 1 1 16 - II I;16 I;16
1 1 1 16 - MM I;16B I;16B
1 1 2 16 - II I;16 I;16R
1 2 1 16 - II I I;16S
1 2 1 16 - MM I I;16BS
0 3 1 32 - II F F;32F
0 3 1 32 - MM F F;32BF
1 1 1 32 - II I I;32N
1 2 1 32 - II I I;32S
1 2 1 32 - MM I I;32BS
1 3 1 32 - II F F;32F
1 3 1 32 - MM F F;32BF
1 1 1 8,8 2 * LA LA
2 1 1 8,8,8 - * RGB RGB
2 1 2 8,8,8 - * RGB RGB;R
2 1 1 8,8,8,8 - * RGBA RGBA
2 1 1 8,8,8,8 0 * RGB RGBX
2 1 1 8,8,8,8,8 0,0 * RGB RGBXX
2 1 1 8,8,8,8,8,8 0,0,0 * RGB RGBXXX
2 1 1 8,8,8,8 1 * RGBA RGBa
2 1 1 8,8,8,8,8 1,0 * RGBA RGBaX
2 1 1 8,8,8,8,8,8 1,0,0 * RGBA RGBaXX
2 1 1 8,8,8,8 2 * RGBA RGBA
2 1 1 8,8,8,8,8 2,0 * RGBA RGBAX
2 1 1 8,8,8,8,8,8 2,0,0 * RGBA RGBAXX
2 1 1 8,8,8,8 999 * RGBA RGBA
2 1 1 16,16,16 - * RGB RGB;16#
2 1 1 16,16,16,16 - * RGBA RGBA;16#
2 1 1 16,16,16,16 0 * RGB RGBX;16#
2 1 1 16,16,16,16 1 * RGBA RGBa;16#
2 1 1 16,16,16,16 2 * RGBA RGBA;16#
3 1 1 1 - * P P;1
3 1 2 1 - * P P;1R
3 1 1 2 - * P P;2
3 1 2 2 - * P P;2R
3 1 1 4 - * P P;4
3 1 2 4 - * P P;4R
3 1 1 8 - * P P
3 1 1 8,8 0 * P PX
3 1 1 8,8 2 * PA PA
3 1 2 8 - * P P;R
5 1 1 8,8,8,8 - * CMYK CMYK
5 1 1 8,8,8,8,8 0 * CMYK CMYKX
5 1 1 8,8,8,8,8,8 0,0 * CMYK CMYKXX
5 1 1 16,16,16,16 - * CMYK CMYK;16#
6 1 1 8 - * L L
6 1 1 8,8,8 - * RGB RGBX
8 1 1 8,8,8 - * LAB LAB`

const MODES: ReadonlyMap<string, PillowMode> = new Map(
  ROWS.trim()
    .split('\n')
    .map((row) => row.split(' '))
    .map((cells) => [cells.slice(0, 6).join(' '), { mode: cells[6]!, raw: cells[7]! }]),
)
