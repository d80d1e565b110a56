"""Writes a profile for Gajim 1.7, as its assistant would: profile.py DIR
reads {"jid", "password", "host", "port", "title", "time"} from its input."""
import json
import os
import sqlite3
import sys

WORKSPACE = '11111111-1111-4111-8111-111111111111'
ACCOUNT = 'lab'


def settings(o):
    user, domain = o['jid'].split('@')
    app = {
        # Nobody is asked anything, nothing reaches out.
        'use_keyring': False, 'check_for_update': False, 'plugins_update_check': False, 'plugins_auto_update': False,
        'show_notifications': False, 'sounds_on': False, 'show_trayicon': False, 'show_help_start_chat': False,
        'confirm_on_window_delete': False, 'ask_online_status': False, 'action_on_close': 'quit',
        'autoaway': False, 'autoxa': False,
        # What is seen is the same every time.
        'dark_theme': 0, 'time_format': o['time'], 'showoffline': True, 'print_status_in_chats': True,
        'mainwin_width': 900, 'mainwin_height': 500, 'mainwin_x_position': 0, 'mainwin_y_position': 0,
        'show_main_window_on_startup': 'always', 'workspace_order': [WORKSPACE],
    }
    account = {
        'name': user, 'hostname': domain, 'password': o['password'], 'savepass': True, 'account_label': o['title'],
        'active': True, 'autoconnect': True, 'resource': 'gajim', 'default_workspace': WORKSPACE,
        'use_custom_host': True, 'custom_host': o['host'], 'custom_port': o['port'], 'custom_type': 'PLAIN',
        'use_plain_connection': True, 'confirm_unencrypted_connection': False, 'send_os_info': False,
    }
    workspace = {WORKSPACE: {'name': o['title'], 'color': '', 'avatar_sha': '', 'chats': []}}
    return app, account, workspace


def main():
    app, account, workspace = settings(json.load(sys.stdin))
    os.makedirs(sys.argv[1])
    db = sqlite3.connect(os.path.join(sys.argv[1], 'settings.sqlite'))
    db.executescript('CREATE TABLE settings (name TEXT UNIQUE, settings TEXT);'
                     'CREATE TABLE account_settings (account TEXT UNIQUE, settings TEXT);'
                     'PRAGMA user_version=5;')
    parts = {'app': app, 'workspaces': workspace, 'soundevents': {}, 'status_presets': {}, 'proxies': {}, 'plugins': {}}
    db.executemany('INSERT INTO settings VALUES (?, ?)', ((name, json.dumps(part)) for name, part in parts.items()))
    db.execute('INSERT INTO account_settings VALUES (?, ?)',
               (ACCOUNT, json.dumps({'account': account, 'contact': {}, 'group_chat': {}})))
    db.commit()


main()
