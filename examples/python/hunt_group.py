#!/usr/bin/env python3
"""Hunt group: write it a role and it says who of that role is free now.

    ROLLCALL_PASSWORD=… ./hunt_group.py bot@example.org support@groups.example.org

Each time somebody else is named first, so that not all calls go to the same.
"""

from bot import Bot, arguments, password, run


class HuntGroup(Bot):
    turns = 0

    def answer(self, question):
        role = question.lower()
        roles = sorted({r for m in self.team.members.values() for r in m.roles})
        if role not in roles:
            return 'Which role? ' + ', '.join(roles) if roles else 'Nobody here has a role.'
        free = self.team.free(role)
        if not free:
            busy = sorted(m.name for m in self.team.members.values() if role in m.roles and m.show != 'offline')
            return f'No {role} is free' + (': ' + ', '.join(busy) + ' may be back soon.' if busy else '.')
        first = self.turns % len(free)
        self.turns += 1
        return '\n'.join(f'{m.name} {m.jid}' for m in free[first:] + free[:first])


if __name__ == '__main__':
    options = arguments(__doc__.splitlines()[0]).parse_args()
    run(HuntGroup(options.account, password(), options.group), options)
