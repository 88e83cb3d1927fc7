/**
 * What is wrong with numbers that have to be whole ones from 1 on, such as days, sizes or replicas.
 *
 * @param numbers by the name that problems call them by: a prop's, or more than that
 */
export function wholeNumberProblems(numbers: Readonly<Record<string, number>>): string[] {
  return Object.entries(numbers)
    .filter(([, value]) => !(Number.isInteger(value) && value >= 1))
    .map(([name, value]) => `${name} is ${value}: use a whole number from 1 on`);
}

/** What is wrong with a port that has to be one of TCP's or UDP's, 1 to 65535. */
export function portProblems(port: number): string[] {
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? [] : [`port ${port} is not between 1 and 65535`];
}
