# Written by `commercive completion`, which replaces this file.
_commercive_completion() {
    local line=${COMP_LINE:0:COMP_POINT} kind word preview words=() shown=()
    {
        read -r kind
        while IFS=$'\t' read -r word preview; do
            shown+=("$word${preview:+  $preview}")
            printf -v word %q "$word"
            words+=("$word")
        done
    } < <(COLUMNS=$COLUMNS _COMMERCIVE_COMPLETE=bash "$1" "$1${line#*"$1"}" 2>/dev/null </dev/null)
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
