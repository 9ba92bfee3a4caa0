"""The completion scripts of bash, zsh and fish, which ask the program at every Tab.

A script passes the line up to the cursor and gets `words` or `files`, then a line `WORD<tab>PREVIEW` for each offer.
It evaluates nothing of what it gets: previews hold what customers wrote.
`python -m commercive_cli.cli.completions DIRECTORY` writes the scripts; a test compares them.
"""

import sys
from pathlib import Path

REQUEST = "_COMMERCIVE_COMPLETE"
"""The variable that makes a run of the program the answer to a Tab; it names the shell, the argument is the line."""
MARK = "# Written by `commercive completion`, which replaces this file."
FILES = {"bash": "commercive.bash", "zsh": "_commercive", "fish": "commercive.fish"}

_SCRIPTS = {
    "bash": r"""MARK
_commercive_completion() {
    local line=${COMP_LINE:0:COMP_POINT} kind word preview words=() shown=()
    {
        read -r kind
        while IFS=$'\t' read -r word preview; do
            shown+=("$word${preview:+  $preview}")
            printf -v word %q "$word"
            words+=("$word")
        done
    } < <(COLUMNS=$COLUMNS REQUEST=bash "$1" "$1${line#*"$1"}" 2>/dev/null </dev/null)
    # Previews are for lists of several words, not for what is inserted: a single word, or each in turn.
    if [[ ${#words[@]} -gt 1 && $COMP_TYPE =~ ^(9|33|63|64)$ ]]; then
        COMPREPLY=("${shown[@]}")
    else
        COMPREPLY=("${words[@]}")
    fi
    compopt -o nosort 2>/dev/null
    [[ $kind == files ]] && compopt -o default 2>/dev/null
    [[ ${words[0]} == *= ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -F _commercive_completion commercive
""",
    "zsh": r"""#compdef commercive
MARK

_commercive_completion() {
  local answer line
  local -a words_offered shown spaced
  line="${(j: :)words[1,CURRENT-1]} $PREFIX"
  answer=$(COLUMNS=$COLUMNS REQUEST=zsh commercive "$line" 2>/dev/null </dev/null)
  if [[ $answer == files ]]; then
    _files
    return
  fi
  for line in "${(@f)answer#*$'\n'}"; do
    [[ $line == *$'\t'* ]] || continue
    words_offered+=("${line%%$'\t'*}")
    shown+=("${line/$'\t'/  }")
  done
  (( $#words_offered )) || return 1
  [[ $words_offered[1] == *= ]] && spaced=(-S '')
  if [[ $answer == *$'\t'[^$'\n']* ]]; then
    compadd -V commercive "${spaced[@]}" -l -d shown -a words_offered
  else
    compadd -V commercive "${spaced[@]}" -a words_offered
  fi
}

# At the first Tab, zsh runs an autoloaded file as the completion function, so the file must complete then, too.
if [ "$funcstack[1]" = "_commercive" ]; then
  _commercive_completion "$@"
else
  compdef _commercive_completion commercive
fi
""",
    "fish": r"""MARK
function __commercive_completion
    set -l line (commandline -cp | string collect)
    set -l answer (env COLUMNS=$COLUMNS REQUEST=fish commercive "$line" 2>/dev/null </dev/null)
    if test "$answer[1]" = files
        __fish_complete_path (commandline -ct)
    else if set -q answer[2]
        printf '%s\n' $answer[2..]
    end
end

complete --command commercive --no-files --keep-order --arguments '(__commercive_completion)'
""",
}


def script(shell: str) -> str:
    """Return the completion script of bash, zsh or fish."""
    return _SCRIPTS[shell].replace("REQUEST", REQUEST).replace("MARK", MARK)


def write_scripts(directory: Path) -> None:
    """Write the scripts of all shells under the file names that the shells expect."""
    directory.mkdir(parents=True, exist_ok=True)
    for shell, name in FILES.items():
        (directory / name).write_text(script(shell), encoding="utf-8")


if __name__ == "__main__":
    write_scripts(Path(sys.argv[1]))
