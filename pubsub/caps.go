package pubsub

import (
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strings"

	"mellium.im/xmpp/disco/info"
)

// NSAuthorization is the PEP node (XEP-0163) in which a member may keep at his
// server what he lets others see.
const NSAuthorization = NS + "#authorization"

// capsNode names the software (XEP-0115 §4).
const capsNode = "https://github.com/rollcall-xmpp/rollcall"

// A group's presence comes from /group. What that resource says it can do is
// the same for all groups and has no name in it: servers and clients remember
// it by its hash.
var (
	resourceIdentities = []info.Identity{{Category: "client", Type: "bot"}}
	resourceFeatures   = append([]string{NSInfo, NSItems, NSCaps, nsCommands, NS}, selfFeatures...)

	groupCaps = newCaps(resourceIdentities, resourceFeatures, NSAuthorization)
)

// caps is one set of capabilities. It does not change.
type caps struct {
	features []string // sorted
	node     string   // what disco#info is asked for: capsNode#ver
	element  string   // <c/>
}

// newCaps adds to the features that events of these PEP nodes are wanted
// (XEP-0163 §4.1).
func newCaps(ids []info.Identity, features []string, interest ...string) *caps {
	c := &caps{features: slices.Clone(features)}
	for _, node := range interest {
		c.features = append(c.features, node+"+notify")
	}
	slices.Sort(c.features)
	var all []string
	for _, id := range ids {
		all = append(all, id.Category+"/"+id.Type+"//")
	}
	ver := capsVersion(all, c.features)
	c.node = capsNode + "#" + ver
	c.element = "<c xmlns='" + NSCaps + "' hash='sha-1' node='" + capsNode + "' ver='" + ver + "'/>"
	return c
}

// capsVersion is the verification string (XEP-0115 §5.1) of identities, each
// category/type/lang/name, and sorted features.
func capsVersion(ids, features []string) string {
	all := append(slices.Sorted(slices.Values(ids)), features...)
	sum := sha1.Sum([]byte(strings.Join(all, "<") + "<"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// AppendCaps appends the <c/> of a group's presence.
func AppendCaps(b []byte) []byte { return append(b, groupCaps.element...) }

// resourceInfo answers disco#info of the group's resource; ok is false if it is
// asked for something else.
func resourceInfo(b []byte, q *Request, node string) (out []byte, ok bool) {
	if _, resource, _ := strings.Cut(q.To, "/"); resource != Resource || node != "" && node != groupCaps.node {
		return b, false
	}
	return discoInfo(b, node, "", resourceIdentities, groupCaps.features), true
}
