# Written by `commercive completion`, which replaces this file.
function __commercive_completion
    set -l line (commandline -cp | string collect)
    set -l answer (env COLUMNS=$COLUMNS _COMMERCIVE_COMPLETE=fish commercive "$line" 2>/dev/null </dev/null)
    if test "$answer[1]" = files
        __fish_complete_path (commandline -ct)
    else if set -q answer[2]
        printf '%s\n' $answer[2..]
    end
end

complete --command commercive --no-files --keep-order --arguments '(__commercive_completion)'
