//go:build !leak_item && !leak_event && !leak_summary && !leak_items && !leak_since && !leak_contact && !leak_line && !leak_probe && !leak_disco && !leak_affiliations && !leak_subscriptions && !leak_options && !leak_authorization && !leak_command && !leak_explain && !leak_error && !leak_presence && !leak_message && !leak_log && !leak_admin && !leak_tell

package leak

// Face is the face that leaks; "" is none.
const Face = ""
