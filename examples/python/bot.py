"""What the example bots have in common: an account, its password, a group."""

import argparse
import os
import sys

import slixmpp

import group_presence


class Bot(slixmpp.ClientXMPP):
    """Logs in and watches a group; subclasses answer and react."""

    want = {}  # of the group: see GroupPresence.watch

    def __init__(self, account, password, group):
        super().__init__(account, password)
        self.register_plugin('xep_0199')
        self.register_plugin('group_presence', module=group_presence)
        self.group, self.team = group, None
        self.begun = self.loop.create_future()  # done when the group is watched
        self.ended = self.loop.create_future()
        self.pause = 1
        self.add_event_handler('session_start', self.start)
        self.add_event_handler('message', self.on_message)
        self.add_event_handler('disconnected', self.on_disconnected)
        self.add_event_handler('failed_auth', lambda _: self.end('the server does not accept the password'))
        self.add_event_handler('group_change', self.on_change)

    async def start(self, _):
        self.pause = 1
        self.send_presence()  # so that people can write to it
        if self.team is None:
            try:
                self.team = await self['group_presence'].watch(self.group, **self.want)
                self.begun.set_result(None)
            except slixmpp.exceptions.IqError as e:
                self.end(f'{self.group}: {e.condition} {e.text}'.strip())

    def end(self, why=None):
        """Ends the bot; why is what went wrong."""
        if not self.ended.done():
            self.ended.set_result(why)

    def on_disconnected(self, _):
        """slixmpp does not connect again by itself, and forgets how."""
        if not self.ended.done():
            self.loop.call_later(self.pause, self.dial)
            self.pause = min(2 * self.pause, 60)

    def dial(self, server=None, insecure=False):
        if server:
            host, _, port = server.rpartition(':')
            self.where = (host, int(port)), insecure
        address, insecure = getattr(self, 'where', ((), False))
        self.connect(address, disable_starttls=insecure, force_starttls=not insecure)

    def on_message(self, msg):
        if msg['type'] in ('chat', 'normal') and msg['body'] and self.team is not None:
            answer = self.answer(msg['body'].strip())
            if answer:
                msg.reply(answer).send()

    def answer(self, question):
        """What to say to somebody who writes; '' for nothing."""
        return ''

    def on_change(self, change):
        """Something in the group changed."""


def arguments(description):
    p = argparse.ArgumentParser(description=description, epilog='The password is read from the environment: ROLLCALL_PASSWORD.')
    p.add_argument('account', help='such as bot@example.org')
    p.add_argument('group', help='such as team@groups.example.org')
    p.add_argument('--server', metavar='HOST:PORT', help='connect there instead of where the domain says')
    p.add_argument('--insecure', action='store_true', help='without TLS: for a server on the same machine')
    return p


def run(bot, options):
    bot.dial(options.server, options.insecure)
    why = None
    try:
        why = bot.loop.run_until_complete(bot.ended)
    except KeyboardInterrupt:
        bot.end()
    bot.loop.run_until_complete(bot.disconnect(wait=1))
    if why:
        sys.exit(why)


def password():
    return os.environ.get('ROLLCALL_PASSWORD') or sys.exit('set ROLLCALL_PASSWORD')
