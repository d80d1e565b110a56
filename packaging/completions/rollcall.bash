# Completion of rollcall for bash: the program itself knows what may come next.
_rollcall() {
  local line words=("${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  while IFS=$'\t' read -r line _; do
    case $line in
      :files) mapfile -t COMPREPLY < <(compgen -f -- "${words[-1]}"); compopt -o filenames 2>/dev/null ;;
      ?*) COMPREPLY+=("$line") ;;
    esac
  done < <("${COMP_WORDS[0]}" complete -- "${words[@]}" 2>/dev/null)
}
complete -F _rollcall rollcall
