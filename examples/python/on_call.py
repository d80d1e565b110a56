#!/usr/bin/env python3
"""On-call announcer: tells people who is on call, and when nobody is there.

    ROLLCALL_PASSWORD=… ./on_call.py bot@example.org ops@groups.example.org --role oncall --tell boss@example.org
"""

from bot import Bot, arguments, password, run


class OnCall(Bot):
    def __init__(self, account, password, group, role, tell):
        self.want = {'roles': [role], 'attributes': ['availability', 'show']}
        super().__init__(account, password, group)
        self.role, self.tell, self.last = role, tell, None

    def line(self):
        there = [m.name for m in self.team.free()]
        return f'{self.role}: ' + (', '.join(there) if there else 'nobody is free!')

    def on_change(self, change):
        if self.team is None or not self.team.synced:
            return  # not the whole truth yet
        line = self.line()
        if line != self.last:
            self.last = line
            for jid in self.tell:
                self.send_message(mto=jid, mbody=line, mtype='chat')

    def answer(self, question):
        return self.line()


if __name__ == '__main__':
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument('--role', default='oncall')
    parser.add_argument('--tell', action='append', default=[], metavar='JID', help='may be repeated')
    options = parser.parse_args()
    run(OnCall(options.account, password(), options.group, options.role, options.tell), options)
