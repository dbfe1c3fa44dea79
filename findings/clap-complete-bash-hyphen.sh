#!/usr/bin/env bash
# Subject: clap_complete, the bash script of a command whose name has a hyphen and that has subcommands
# Guess:   after "my-tool remote ", the subcommands of remote are offered, as they are for a command named "mytool"
# Truth:   nothing below the first level is offered. The script spells the command "my__subcmd__tool" in the labels of its
#          case, and "my__tool" in the variable that is compared with them, so that no label matches
# Matters: completion of such a command looks installed, and is dead where it would help most
# Versions: clap 4.6.7 or compatible, clap_complete 4.6.11; bash 5
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding --edition 2021
cargo add --quiet clap@4.6 clap_complete@=4.6.11
cat > src/main.rs <<'RUST'
use clap::Command;

fn main() {
    let name: &'static str = std::env::args().nth(1).unwrap().leak();
    let remote = Command::new("remote").subcommand(Command::new("rename")).subcommand(Command::new("show"));
    let mut command = Command::new(name).subcommand(remote);
    clap_complete::generate(clap_complete::Shell::Bash, &mut command, name, &mut std::io::stdout());
}
RUST
cargo tree --quiet --depth 1
cargo build --quiet
offered() {
    ./target/debug/finding "$1" > "$1.bash"
    bash --norc -c '
        source "$1.bash"
        COMP_WORDS=("$1" "") COMP_CWORD=1
        completion=$(complete -p "$1" | grep -o -- "-F [^ ]*" | cut -c 4-)
        "$completion" "$1" "" "$1"
        echo "$1, first level: ${COMPREPLY[*]:-}"
        COMPREPLY=() COMP_WORDS=("$1" remote "") COMP_CWORD=2
        "$completion" "$1" "" remote
        echo "$1, after remote: ${COMPREPLY[*]:-}"' _ "$1"
}
output="$(offered mytool)
$(offered my-tool)"
echo "$output"
grep -q '^mytool, after remote: .*rename show' <<< "$output" || { echo "the comparison without a hyphen has changed"; exit 1; }
grep -q "^my-tool, first level: .*remote" <<< "$output" || { echo "the comparison at the first level has changed"; exit 1; }
grep -q '^my-tool, after remote: *$' <<< "$output" || { echo "the behavior has changed"; exit 1; }
