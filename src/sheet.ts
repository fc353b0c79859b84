/** Contact sheets as one picture, drawn with jimp. */
export { renderSheet, type SheetImage, type SheetOptions } from './report/sheet/render-sheet.ts'
