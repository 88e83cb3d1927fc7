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
