/** Room beside the plot, in px: for the numbers at its left, and half a label at its right. */
export const GUTTER = { left: 48, right: 16 } as const
