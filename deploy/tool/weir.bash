# Completion of the program weir in bash.
_weir() {
  local word="${COMP_WORDS[COMP_CWORD]}" command="${COMP_WORDS[1]}" options=
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "list info watch trace metrics checkpoint savepoint stop rescale cancel inspect verify diff checkpoints --help --version" -- "$word"))
    return
  fi
  case "$command" in
    list | info) options="--rest --token-file --json" ;;
    watch | cancel) options="--rest --token-file" ;;
    trace) options="--rest --token-file --seconds --out" ;;
    metrics) options="--rest --token-file --json --vertex --get" ;;
    checkpoint) options="--rest --token-file --json --full" ;;
    savepoint) options="--rest --token-file --json --directory --dispose" ;;
    rescale) options="--rest --token-file --parallelism" ;;
    stop) options="--rest --token-file --json --directory --drain" ;;
    inspect) options="--json --state" ;;
    checkpoints) options="--json --clean --yes --older-than" ;;
  esac
  if [[ "$word" == -* ]]; then
    COMPREPLY=($(compgen -W "$options --help" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -F _weir weir
