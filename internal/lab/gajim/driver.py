"""Runs Gajim with a driver inside: a Unix socket that takes one request a
connection, {"do": NAME, "with": [ARGUMENTS]}, and answers {"is": RESULT} or
{"wrong": WHY}. What can be done are the methods of Driver. They run in Gajim's
own main loop and look at what Gajim has: its contacts, and the widgets that a
person would see; where a person would press something they press that widget.

usage: driver.py SOCKET GAJIM-ARGUMENTS...
"""
import json
import os
import sys

import gi
gi.require_version('Gtk', '3.0')
gi.require_version('Gdk', '3.0')
from gi.repository import Gdk, GdkPixbuf, Gio, GLib, Gtk

BESIDE = 1000  # right of the main window


class Driver:
    """What can be asked of Gajim. Addresses are bare. Windows are named by their
    class, such as AdHocCommands, or by how their title begins; the newest one
    is meant."""

    # --- what Gajim knows -------------------------------------------------

    def connected(self):
        return self._account() is not None and self._client().state.is_available

    def contact(self, jid):
        """A contact as Gajim's model has it."""
        c = self._contact(jid)
        return {
            'name': c.name, 'listed': c.is_in_roster, 'show': c.show.value,
            'subscription': c.subscription or '', 'avatar': c.avatar_sha or '',
            'resources': [{'name': r.resource, 'show': r.show.value, 'status': r.status or ''}
                          for r in c.iter_resources()],
        }

    def status(self, show, text):
        """What the button under the own name on the account page does."""
        self._client().change_status(show, text)

    # --- where a person goes ----------------------------------------------

    def account_page(self):
        self._main().show_account_page(self._account())

    def chat(self, jid):
        self._main().get_window().focus(Gdk.CURRENT_TIME)  # else all stays unread
        self._main().add_chat(self._account(), self._contact(jid).jid, 'contact', select=True)

    def commands(self, jid):
        """What “Execute Command…” in a contact's menu does."""
        self._main().execute_command(self._account(), jid)

    def services(self):
        """What “Discover Services…” in the account's menu does."""
        from gajim.common import app
        app.app.activate_action(f'{self._account()}-services', GLib.Variant('s', self._account()))

    def details(self, jid):
        self._main().contact_info(self._account(), jid)

    # --- what a person sees and does --------------------------------------

    def windows(self):
        return [type(w).__name__ for w in self._windows()]

    def text(self, window):
        """All that is written in a window, widget by widget."""
        return [t for w in self._below(self._window(window)) if (t := self._written(w))]

    def press(self, window, label):
        """Presses the button that says label, which has to be sensitive."""
        for b in self._below(self._window(window)):
            if isinstance(b, Gtk.Button) and label in [self._written(x) for x in self._below(b)]:
                if not b.is_sensitive():
                    raise LookupError(f'the button {label!r} is grey')
                b.clicked()
                return
        raise LookupError(f'no button {label!r}')

    def pick(self, window, text):
        """Puts the cursor on the row of a list whose text begins with text."""
        for tree in self._below(self._window(window)):
            if isinstance(tree, Gtk.TreeView) and (path := self._row(tree, text)):
                tree.expand_to_path(path)
                tree.set_cursor(path, None, False)
                return
        raise LookupError(f'no row {text!r}')

    def fill(self, window, label, value):
        """Fills in the field of a form beside label, or one without a label
        (label is ''): types, chooses an option by its text, or ticks."""
        field = self._field(self._window(window), label)
        if isinstance(field, Gtk.Entry):
            field.set_text(value)
        elif isinstance(field, Gtk.CheckButton):
            field.set_active(bool(value))
        elif isinstance(field, Gtk.ComboBox):
            self._choose(field, value)
        elif isinstance(field, Gtk.TextView):
            field.get_buffer().set_text(value)
        else:
            raise LookupError(f'the field {label!r} is a {type(field).__name__}')

    def say(self, text):
        """Types a line into the open chat and sends it."""
        control = self._main().get_control()
        box = next(w for w in self._below(self._main()) if type(w).__name__ == 'MessageInputTextView')
        box.insert_text(text)
        self._main().activate_action('send-message', None)
        return str(control.contact.jid)

    def lines(self):
        """The messages of the open chat as they are shown, oldest first:
        [who, text]."""
        view = next(w for w in self._below(self._main()) if type(w).__name__ == 'ConversationView')
        return [[r.name, r.text] for r in view.iter_rows() if r.type == 'chat']

    def hover(self, jid):
        """Rests with the pointer on a contact of the account page, coming from
        elsewhere: Gajim keeps a tip as it is until the pointer has been over
        something else."""
        tree, area = self._contact_row(jid)
        tree.get_parent()._roster_tooltip.clear_tooltip()
        x, y = tree.convert_bin_window_to_widget_coords(area.x + 80, area.y + area.height // 2)
        self._point(tree, x, y)

    def away(self):
        """Takes the pointer where nothing is."""
        screen = Gdk.Screen.get_default()
        self._pointer().warp(screen, screen.get_width() - 1, screen.get_height() - 1)

    def close(self, window):
        self._window(window).destroy()

    def resize(self, window, width, height):
        self._window(window).resize(width, height)

    def picture(self, window, path):
        """Writes what the display shows at a window to a PNG file. What has
        just changed may not be drawn yet. The time of day is left out."""
        for x in self._below(self._main()):
            if type(x).__name__ == 'DateRow':
                x.label.set_text('Today')
            elif type(x).__name__ == 'ChatListRow':
                x._ui.timestamp_label.set_text('')
        Gdk.Window.process_all_updates()
        w = self._window(window).get_window()
        _, x, y = w.get_origin()
        root = Gdk.get_default_root_window()
        shot = Gdk.pixbuf_get_from_window(root, x, y, w.get_width(), w.get_height())
        shot.savev(path, 'png', [], [])

    # --- how --------------------------------------------------------------

    @staticmethod
    def _account():
        from gajim.common import app
        accounts = app.settings.get_active_accounts() if app.settings else []
        return accounts[0] if accounts and accounts[0] in app.connections else None

    def _client(self):
        from gajim.common import app
        return app.get_client(self._account())

    def _contact(self, jid):
        return self._client().get_module('Contacts').get_contact(jid)

    @staticmethod
    def _main():
        from gajim.common import app
        return app.window

    @staticmethod
    def _pointer():
        return Gdk.Display.get_default().get_default_seat().get_pointer()

    @staticmethod
    def _windows():
        return [w for w in Gtk.Window.list_toplevels() if w.get_mapped()]

    def _window(self, name):
        """A window by its name. All but the main one are put beside it: what
        another covers is in no picture."""
        found = [w for w in self._windows() if name == type(w).__name__ or (w.get_title() or '').startswith(name)]
        if not found:
            raise LookupError(f'no window {name}')
        if found[0].get_window_type() == Gtk.WindowType.TOPLEVEL and found[0] is not self._main():
            found[0].move(BESIDE, 0)
        return found[0]

    def _below(self, widget):
        """The widgets below one that are shown, itself included."""
        if not widget.get_mapped():
            return
        yield widget
        if isinstance(widget, Gtk.Container):
            children = []
            widget.forall(children.append)
            for child in children:
                yield from self._below(child)

    def _written(self, w):
        """What a widget says by itself."""
        if isinstance(w, (Gtk.Label, Gtk.Entry)):
            return w.get_text()
        if isinstance(w, Gtk.ProgressBar):
            return w.get_text() or ''
        if isinstance(w, Gtk.TextView):
            return w.get_buffer().get_text(*w.get_buffer().get_bounds(), False)
        if isinstance(w, Gtk.TreeView) and w.get_model():
            rows = []
            w.get_model().foreach(lambda model, path, it: rows.append(self._cells(model, it)))
            return '\n'.join(rows)
        return ''

    @staticmethod
    def _cells(model, it):
        values = (model.get_value(it, i) for i in range(model.get_n_columns()))
        return ' '.join(v for v in values if isinstance(v, str))

    def _row(self, tree, text):
        found = []

        def look(model, path, it):
            if text in self._cells(model, it):
                found.append(path.copy())
            return bool(found)

        if tree.get_model():
            tree.get_model().foreach(look)
        return found[0] if found else None

    def _field(self, window, label):
        """The widget right of label in a grid. A scrolled one is unwrapped."""
        for grid in self._below(window):
            if not isinstance(grid, Gtk.Grid):
                continue
            for child in grid.get_children():
                if child.get_mapped() and isinstance(child, Gtk.Label) and child.get_text() == label:
                    field = grid.get_child_at(grid.child_get_property(child, 'left-attach') + 1,
                                              grid.child_get_property(child, 'top-attach'))
                    return field.get_child() if isinstance(field, Gtk.ScrolledWindow) else field
        if label == '':
            return next(w for w in self._below(window) if isinstance(w, Gtk.Entry))
        raise LookupError(f'no field {label!r}')

    @staticmethod
    def _choose(combo, text):
        for i, row in enumerate(combo.get_model()):
            if text in list(row):
                combo.set_active(i)
                return
        raise LookupError(f'no option {text!r}')

    def _contact_row(self, jid):
        self.account_page()
        for tree in self._below(self._main()):
            if isinstance(tree, Gtk.TreeView) and (path := self._row(tree, jid)):
                return tree, tree.get_cell_area(path, tree.get_column(0))
        raise LookupError(f'no contact {jid}')

    def _point(self, widget, x, y):
        top = widget.get_toplevel()
        wx, wy = widget.translate_coordinates(top, x, y)
        _, ox, oy = top.get_window().get_origin()
        screen = Gdk.Screen.get_default()
        self._pointer().warp(screen, ox + wx - 3, oy + wy)
        GLib.timeout_add(50, lambda: self._pointer().warp(screen, ox + wx, oy + wy))


class Ear:
    """The socket. It is served by Gajim's main loop: whatever is asked runs
    between two events of Gajim's."""

    def __init__(self, path, driver):
        self._driver = driver
        self._service = Gio.SocketService()
        self._service.add_address(Gio.UnixSocketAddress.new(path), Gio.SocketType.STREAM,
                                  Gio.SocketProtocol.DEFAULT, None)
        self._service.connect('incoming', self._incoming)
        self._service.start()

    def _incoming(self, _service, connection, _source):
        lines = Gio.DataInputStream.new(connection.get_input_stream())
        lines.read_line_async(GLib.PRIORITY_DEFAULT, None, self._asked, connection)
        return True

    def _asked(self, lines, result, connection):
        line, _ = lines.read_line_finish_utf8(result)
        answer = json.dumps(self._answer(json.loads(line))) + '\n'
        connection.get_output_stream().write_all(answer.encode(), None)
        connection.close(None)

    def _answer(self, request):
        name = request['do']
        try:
            if name.startswith('_'):
                raise LookupError(name)
            return {'is': getattr(self._driver, name)(*request['with'])}
        except Exception as error:  # the other end has to know
            return {'wrong': f'{type(error).__name__}: {error}'}


def main():
    # Gajim does not start as root; a laboratory is no place for such worries.
    real = os.geteuid
    os.geteuid = lambda: real() or 1000
    ear = Ear(sys.argv[1], Driver())
    sys.argv[:2] = ['gajim']
    Gtk.init(sys.argv)
    Gtk.Settings.get_default().props.gtk_enable_animations = False
    Gtk.Settings.get_default().props.gtk_cursor_blink = False
    from gajim.gajim import main as gajim
    gajim()
    del ear


main()
