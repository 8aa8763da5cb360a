/** How an object is drawn. */
export const HIDDEN = 0;
export const NORMAL = 1;
export const DIMMED = 2;
