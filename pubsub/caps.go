package pubsub

import (
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strings"
	"sync"

	"mellium.im/xmpp/disco/info"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// NSAuthorization is the PEP node (XEP-0163) in which a member may keep at his
// server what he lets others see.
const NSAuthorization = NS + "#authorization"

// capsNode names the software (XEP-0115 §4).
const capsNode = "https://github.com/rollcall-xmpp/rollcall"

// A group's presence comes from /group. What that resource says it can do has
// no name in it: servers and clients remember it by its hash. It is the same
// for all groups but for the events that are wanted of who reads it.
var (
	resourceIdentities = []info.Identity{{Category: "client", Type: "bot"}}
	resourceFeatures   = append([]string{NSInfo, NSItems, NSCaps, nsCommands, NS}, selfFeatures...)
)

// caps is one set of capabilities. It does not change.
type caps struct {
	interest policy.Mask
	node     string // what disco#info is asked for: capsNode#ver
	element  string // <c/>
}

// features are those of the resource, sorted, with the events that are wanted
// (XEP-0163 §4.1).
func features(interest policy.Mask) []string {
	all := slices.Clone(resourceFeatures)
	for _, k := range wantable {
		if interest&k.mask != 0 {
			all = append(all, k.node+"+notify")
		}
	}
	slices.Sort(all)
	return all
}

func newCaps(interest policy.Mask) caps {
	var ids []string
	for _, id := range resourceIdentities {
		ids = append(ids, id.Category+"/"+id.Type+"//")
	}
	ver := capsVersion(ids, features(interest))
	return caps{
		interest: interest,
		node:     capsNode + "#" + ver,
		element:  "<c xmlns='" + NSCaps + "' hash='sha-1' node='" + capsNode + "' ver='" + ver + "'/>",
	}
}

// capabilities are all sets that there can be, by what the events bring: whoever
// remembers a hash may ask what it means, also after a restart.
var capabilities = sync.OnceValue(func() map[policy.Mask]caps {
	all := map[policy.Mask]caps{}
	for choice := range 1 << len(wantable) {
		var interest policy.Mask
		for i, k := range wantable {
			if choice>>i&1 == 1 {
				interest |= k.mask
			}
		}
		all[interest] = newCaps(interest)
	}
	return all
})

// capsVersion is the verification string (XEP-0115 §5.1) of identities, each
// category/type/lang/name, and sorted features.
func capsVersion(ids, features []string) string {
	all := append(slices.Sorted(slices.Values(ids)), features...)
	sum := sha1.Sum([]byte(strings.Join(all, "<") + "<"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// AppendCaps appends the <c/> of a group's presence to somebody of whom it
// wants that ([roster.Group.Interest]).
func AppendCaps(b []byte, interest policy.Mask) []byte {
	return append(b, capabilities()[wishes(interest)].element...)
}

// resourceInfo answers disco#info of the group's resource; ok is false if it is
// asked for something else. interest is of who asks.
func resourceInfo(b []byte, q *Request, node string, interest policy.Mask) (out []byte, ok bool) {
	if _, resource, _ := strings.Cut(q.To, "/"); resource != Resource {
		return b, false
	}
	if node == "" {
		return discoInfo(b, node, "", resourceIdentities, features(interest)), true
	}
	for _, c := range capabilities() {
		if c.node == node {
			return discoInfo(b, node, "", resourceIdentities, features(c.interest)), true
		}
	}
	return b, false
}
