# Completion of scachectl(1) for bash.

_scachectl() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= options i
  COMPREPLY=()
  local everywhere='--help --json --socket --timeout --verbose'
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --)
        # The program itself; of its words nothing is known.
        if ((i == COMP_CWORD - 1)); then
          mapfile -t COMPREPLY < <(compgen -c -- "$word" | sort -u)
        else
          compopt -o default 2>/dev/null || :
        fi
        return ;;
      --socket | --timeout | --program | --config-directory) ((i++)) ;;
      -*) ;;
      *) [ -n "$command" ] || command=${COMP_WORDS[i]} ;;
    esac
  done
  case $before in
    --socket | --program | --config-directory) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    --ttl | --timeout | --connect-timeout | --endpoint | --destination | --prefix | --bind) return ;;
    # Of list it is a column and takes no text.
    --properties) [ "$command" = list ] || return 0 ;;
    --fd) mapfile -t COMPREPLY < <(compgen -W '0 6' -- "$word"); return ;;
    --connect) mapfile -t COMPREPLY < <(compgen -A hostname -S : -- "$word")
      compopt -o nospace 2>/dev/null || :
      return ;;
  esac
  case $command in
    '') options="$everywhere --version ping stats list drop save find run postfix" ;;
    ping) options="$everywhere" ;;
    stats) options="$everywhere --watch" ;;
    list) options="$everywhere --connections --bindings --properties" ;;
    drop) options="$everywhere --endpoint --destination --prefix --all" ;;
    save) options="$everywhere --endpoint --fd --properties --ttl --allow-input --bind" ;;
    find) options="$everywhere --endpoint --destination --stdio --" ;;
    postfix) options="$everywhere status enable disable --config-directory --program --scached --yes" ;;
    run) options="$everywhere --connect --connect-timeout --endpoint --properties --ttl --allow-input --bind --stdio --" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
}

complete -F _scachectl scachectl
