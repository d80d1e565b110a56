# Completion of rollcall for fish: the program itself knows what may come next.
function __rollcall_candidates
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] complete -- $words[2..-1] 2>/dev/null)
        if test "$line" = ":files"\t
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c rollcall -f -a '(__rollcall_candidates)'
