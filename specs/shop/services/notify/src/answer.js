export const answer = (name) => `a letter to ${name} is sent\n`;
