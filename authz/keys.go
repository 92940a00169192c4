package authz

import (
	"encoding/hex"
	"strings"
)

// The key layout of the control space. doc.go has the table; nothing else
// builds keys. Ids have a fixed form (ValidID) and hold no separator.
const (
	pAccount    = "acct/"
	pCredential = "cred/"
	pMail       = "mail/"
	pLogin      = "login/"
	pToken      = "token/"
	pCamera     = "cam/"
	pCamOwner   = "camown/"
	pGrant      = "grant/"
	pGrantOf    = "grantof/"
	pWait       = "wait/"
	pWaitOf     = "waitof/"
	pFind       = "find/"
	pTable      = "table/"
	pGroup      = "group/"
	pGroupCam   = "groupcam/"
	pPart       = "part/"
	pCode       = "code/"
	pCodeHash   = "codehash/"
	pLink       = "link/"
	pLinkSecret = "linksec/"
	pLinkGone   = "linkgone/"
	pLinkOwner  = "linkown/"
	pLinkCamera = "linkcam/"
	pLinkName   = "linkname/"
	pLinkCount  = "linkcount/"
	pVisit      = "visit/"
	pInvite     = "invite/"
	pVerify     = "verify/"
	pReset      = "reset/"
	pSweep      = "sweep/"
	pKiosk      = "kiosk/"
	pView       = "view/" // the control room's
	kInstance   = "instance"
	kIndexed    = "indexed"
)

func keyAccount(id string) string              { return pAccount + id }
func keyCredential(id string) string           { return pCredential + id }
func keyMail(email string) string              { return pMail + email }
func keyLogin(account, id string) string       { return pLogin + account + "/" + id }
func keyToken(account, id string) string       { return pToken + account + "/" + id }
func keyCamera(id string) string               { return pCamera + id }
func keyCamOwner(account, id string) string    { return pCamOwner + account + "/" + id }
func keyGrant(camera, account string) string   { return pGrant + camera + "/" + account }
func keyGrantOf(account, cam string) string    { return pGrantOf + account + "/" + cam }
func keyWait(camera, mail string) string       { return pWait + camera + "/" + mail }
func keyWaitOf(mail, camera string) string     { return pWaitOf + mail + "/" + camera }
func keyTable(camera string) string            { return pTable + camera }
func keyGroup(id string) string                { return pGroup + id }
func keyPart(group, account string) string     { return pPart + group + "/" + account }
func keyGroupCam(group, camera string) string  { return pGroupCam + group + "/" + camera }
func keyCode(group, id string) string          { return pCode + group + "/" + id }
func keyCodeHash(hash []byte) string           { return pCodeHash + hex.EncodeToString(hash) }
func keyLink(id string) string                 { return pLink + id }
func keyLinkSecret(hash []byte) string         { return pLinkSecret + hex.EncodeToString(hash) }
func keyLinkGone(hash []byte) string           { return pLinkGone + hex.EncodeToString(hash) }
func keyLinkOwner(account, id string) string   { return pLinkOwner + account + "/" + id }
func keyLinkCamera(camera, link string) string { return pLinkCamera + camera + "/" + link }
func keyLinkName(account, folded string) string {
	return pLinkName + account + "/" + folded
}
func keyLinkCount(owner string) string { return pLinkCount + owner }
func keyVisit(link, id string) string  { return pVisit + link + "/" + id }
func keyInvite(id string) string       { return pInvite + id }
func keyVerify(id string) string       { return pVerify + id }
func keyReset(id string) string        { return pReset + id }
func keyKiosk(hash []byte) string      { return pKiosk + hex.EncodeToString(hash) }
func keyView(account, id string) string {
	return pView + account + "/" + id
}

// decodeKey reads the record at a key of a decision's facts. An unknown prefix
// is a mistake of the caller and yields errRecord.
func decodeKey(key string, data []byte) (any, error) {
	prefix, _, _ := strings.Cut(key, "/")
	switch prefix + "/" {
	case pAccount:
		return decoded[Account](data)
	case pLogin:
		return decoded[Login](data)
	case pToken:
		return decoded[Token](data)
	case pCamera:
		return decoded[Camera](data)
	case pGrant:
		return decoded[Grant](data)
	case pGroup:
		return decoded[Group](data)
	case pPart:
		return decoded[Participant](data)
	case pLink:
		return decoded[Link](data)
	case pVisit:
		return decoded[Visit](data)
	case pView:
		return decoded[deviceView](data)
	}
	return nil, errRecord
}

// decoded is decode with an untyped nil on failure.
func decoded[T record](data []byte) (any, error) {
	r, err := decode[T](data)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// getter finds a decoded record by key; nil when it does not exist or is not known.
type getter func(key string) any

func get[T any](g getter, key string) *T {
	r, _ := g(key).(*T)
	return r
}

// wanted lists the keys of a decision's facts, as far as the records that g
// knows tell them: a camera names its owner and groups, an account its groups,
// a link its owner.
func wanted(s Subject, o Object, g getter) []string {
	keys := make([]string, 0, 8)
	var me *Account
	switch s.Kind {
	case AccountSubject, DeviceSubject:
		keys = append(keys, keyAccount(s.Account))
		me = get[Account](g, keys[0])
		if s.Login != "" {
			keys = append(keys, keyLogin(s.Account, s.Login))
		} else {
			keys = append(keys, keyToken(s.Account, s.Token))
		}
		if s.Kind == DeviceSubject {
			if l := get[Login](g, keyLogin(s.Account, s.Login)); l != nil && l.View != "" {
				keys = append(keys, keyView(s.Account, l.View))
			}
		}
	case GuestSubject:
		keys = append(keys, keyLink(s.Link), keyVisit(s.Link, s.Visit))
		if l := get[Link](g, keys[0]); l != nil {
			keys = append(keys, keyAccount(l.Owner))
		}
	default:
		return nil
	}
	if o.Camera != "" {
		k := keyCamera(o.Camera)
		keys = append(keys, k)
		c := get[Camera](g, k)
		if s.Kind.personal() && (c == nil || c.Owner != s.Account) {
			keys = append(keys, keyGrant(o.Camera, s.Account))
			if c != nil {
				keys = append(keys, keyAccount(c.Owner))
				for _, id := range common(c, me) {
					keys = append(keys, keyGroup(id), keyPart(id, s.Account), keyPart(id, c.Owner))
				}
			}
		}
	}
	if s.Kind == AccountSubject && o.Group != "" {
		keys = append(keys, keyGroup(o.Group), keyPart(o.Group, s.Account))
	}
	if s.Kind == AccountSubject && o.Link != "" {
		keys = append(keys, keyLink(o.Link))
	}
	return keys
}

// common lists the groups a camera is in and an account takes part in.
func common(c *Camera, a *Account) []string {
	if c == nil || a == nil || len(c.Groups) == 0 {
		return nil
	}
	var out []string
	for _, id := range a.Groups {
		if c.InGroup(id) != nil {
			out = append(out, id)
		}
	}
	return out
}

// assemble makes facts of the records g has.
func assemble(s Subject, o Object, g getter) Facts {
	var f Facts
	switch s.Kind {
	case AccountSubject, DeviceSubject:
		f.Account = get[Account](g, keyAccount(s.Account))
		if s.Login != "" {
			f.Login = get[Login](g, keyLogin(s.Account, s.Login))
		} else if s.Token != "" {
			f.Token = get[Token](g, keyToken(s.Account, s.Token))
		}
		if s.Kind == DeviceSubject && f.Login != nil && f.Login.View != "" {
			f.View = get[deviceView](g, keyView(s.Account, f.Login.View))
		}
	case GuestSubject:
		if f.Link = get[Link](g, keyLink(s.Link)); f.Link != nil {
			f.LinkOwner = get[Account](g, keyAccount(f.Link.Owner))
		}
		f.Visit = get[Visit](g, keyVisit(s.Link, s.Visit))
	}
	if o.Camera != "" {
		if f.Camera = get[Camera](g, keyCamera(o.Camera)); f.Camera != nil {
			f.Owner = get[Account](g, keyAccount(f.Camera.Owner))
		}
	}
	if !s.Kind.personal() {
		return f
	}
	if f.Camera != nil && f.Camera.Owner != s.Account {
		f.Grant = get[Grant](g, keyGrant(o.Camera, s.Account))
		for _, id := range common(f.Camera, f.Account) {
			f.Groups = append(f.Groups, GroupFacts{
				Group:  get[Group](g, keyGroup(id)),
				Mine:   get[Participant](g, keyPart(id, s.Account)),
				Sharer: get[Participant](g, keyPart(id, f.Camera.Owner)),
			})
		}
	}
	if o.Group != "" {
		f.Groups = append(f.Groups, GroupFacts{
			Group: get[Group](g, keyGroup(o.Group)),
			Mine:  get[Participant](g, keyPart(o.Group, s.Account)),
		})
	}
	if o.Link != "" {
		f.Link = get[Link](g, keyLink(o.Link))
	}
	return f
}
