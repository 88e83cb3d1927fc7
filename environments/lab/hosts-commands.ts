/**
 * Commands that put names into this machine's hosts file, each once however often they run.
 *
 * @param names full ones, such as `vault.lab.local`
 */
export function hostsCommands(names: readonly string[]): readonly string[] {
  return [
    `for name in ${names.join(" ")}; do`,
    '  grep -Eq "^127[.]0[.]0[.]1[[:space:]](.*[[:space:]])?$name([[:space:]]|$)" /etc/hosts ||',
    '    echo "127.0.0.1 $name" | sudo tee -a /etc/hosts',
    "done",
  ];
}
