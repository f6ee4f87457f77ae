# What the scripts here say: each sentence has a name in sentences.txt, and {} in it stands for a value.

say() { # NAME [VALUE]
    rest=$(sed -n "s/^$1: //p" "$here/sentences.txt") said=
    while :; do
        case $rest in
        *'{}'*) said=$said${rest%%'{}'*}${2:-} rest=${rest#*'{}'} ;;
        *) break ;;
        esac
    done
    printf '%s\n' "$said$rest" >&2
}

ask() {
    az "$@" --only-show-errors 2>/dev/null
}

has() { # LINES LINE
    case "
$1
" in *"
$2
"*) ;; *) return 1 ;; esac
}
