export const answer = (bird) => `nobody has reviewed ${bird} yet\n`;
