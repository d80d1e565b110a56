#!/usr/bin/env python3
"""Stand-up board: keeps an HTML page of who is there and what they are at.

    ROLLCALL_PASSWORD=… ./standup_board.py bot@example.org team@groups.example.org --page /var/www/team.html
"""

import html
import os
import tempfile

from bot import Bot, arguments, password, run

ORDER = ('chat', 'available', 'dnd', 'away', 'xa', 'offline')


class StandupBoard(Bot):
    def __init__(self, account, password, group, page):
        super().__init__(account, password, group)
        self.page = page

    def on_change(self, change):
        if change.kind == 'synced' or change.group.synced:
            self.write(change.group)

    def write(self, team):
        """Replaces the page in one step: who reads it never sees half of one."""
        text = self.render(team)
        directory = os.path.dirname(os.path.abspath(self.page))
        with tempfile.NamedTemporaryFile('w', dir=directory, delete=False, encoding='utf-8') as f:
            f.write(text)
        os.chmod(f.name, 0o644)
        os.replace(f.name, self.page)

    def render(self, team):
        e = html.escape
        rows = ''.join(f'<tr class="{m.show}"><td>{e(m.name)}</td><td>{e(" ".join(m.roles))}</td><td>{m.show}</td><td>{e(m.status)}</td></tr>\n'
                       for m in sorted(team.members.values(), key=lambda m: (ORDER.index(m.show) if m.show in ORDER else 0, m.name)))
        return (f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="30"><title>{e(team.info.name)}</title>\n'
                '<style>td{padding:.2em 1em} .offline{opacity:.4} .dnd td:nth-child(3){color:#b00}</style>\n'
                f'<h1>{e(team.info.name)}</h1><p>{team.summary.available} of {team.summary.members} available</p>\n<table>\n{rows}</table>\n')


if __name__ == '__main__':
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument('--page', required=True, metavar='FILE')
    options = parser.parse_args()
    run(StandupBoard(options.account, password(), options.group, options.page), options)
