-- Copies for many of this host's users what a component sends once (XEP-0033).
--
--   plugin_paths = { "/usr/share/rollcall/prosody" }
--   VirtualHost "example.org"
--       modules_enabled = { "rollcall_multicast" }
--       multicast_senders = { "groups.example.org" }
--
-- The component sends a message or a presence to the host, with the addresses in
-- it. Each user named gets, byte for byte, what the component could have sent him
-- alone, by the same way through the server; the addresses are taken out. All
-- addresses have to be bcc, and of this host (or the component's own): else nobody
-- is sent anything, and the component is told.
--
--   multicast_senders    the components that may, by their domains; nobody by default
--   multicast_addresses  how many addresses a stanza may have; 1000

local st = require "util.stanza";
local jid_host = require "util.jid".host;
local jid_prep = require "util.jid".prep;

local xmlns_address = "http://jabber.org/protocol/address";
local xmlns_data = "jabber:x:data";

local senders = module:get_option_set("multicast_senders", {});
local limit = module:get_option_number("multicast_addresses", 1000);

-- XEP-0033 §2.1; the limits as XEP-0128 has them.
module:add_feature(xmlns_address);
local limits = st.stanza("x", { xmlns = xmlns_data, type = "result" })
	:tag("field", { var = "FORM_TYPE", type = "hidden" }):text_tag("value", xmlns_address):up();
for _, name in ipairs { "message", "presence" } do
	limits:tag("field", { var = name }):text_tag("value", ("%d"):format(limit)):up();
end
module:add_extension(limits);

-- readers are the addresses as a list of JIDs, or nil and what is wrong.
local function readers(addresses, component)
	local list = {};
	for address in addresses:childtags() do
		local to = address.name == "address" and address.attr.type == "bcc" and jid_prep(address.attr.jid);
		if not to or to == module.host or to == component or (jid_host(to) ~= module.host and jid_host(to) ~= component) then
			return nil, "modify", "jid-malformed";
		end
		list[#list + 1] = to;
	end
	if #list > limit then
		return nil, "modify", "not-acceptable";
	end
	return list;
end

local function is_addresses(child)
	return child.name == "addresses" and child.attr.xmlns == xmlns_address;
end

local function copy(event)
	local origin, stanza = event.origin, event.stanza;
	local addresses = stanza:get_child("addresses", xmlns_address);
	if not addresses or stanza.attr.type == "error" then
		return;
	end
	if origin.type ~= "component" or not senders:contains(origin.host) then
		origin.send(st.error_reply(stanza, "auth", "forbidden"));
		return true;
	end
	local list, kind, condition = readers(addresses, origin.host);
	if not list then
		origin.send(st.error_reply(stanza, kind, condition));
		return true;
	end
	local one = st.clone(stanza):maptags(function (child)
		if not is_addresses(child) then
			return child;
		end
	end);
	-- The children are everybody's: as with chat rooms, who changes them on the way
	-- makes his own before.
	for _, to in ipairs(list) do
		local mine = st.clone(one, true);
		for i = 1, #one do
			mine[i] = one[i];
		end
		for i = 1, #one.tags do
			mine.tags[i] = one.tags[i];
		end
		mine.attr.to = to;
		prosody.core_post_stanza(origin, mine);
	end
	return true;
end

module:hook("message/host", copy, 10);
module:hook("presence/host", copy, 10);
