package authz

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"sightline/internal/kv"
)

const (
	searchLeast = 4  // Unicode characters before anything is looked up (R5)
	searchMost  = 8  // people of one answer (R5)
	indexRunes  = 40 // characters of an index entry; longer texts are compared with the account
	searchPage  = 64 // entries of one read
	searchPages = 32 // reads of one search
)

// Found is a person of a search, as somebody who looks for him is shown.
type Found struct {
	ID          string
	Name        string
	EmailMasked string
}

// Search is a text as people are searched by: folded, long enough.
type Search struct{ text string }

// NewSearch makes a search of what was typed; ok is false when it is under four
// Unicode characters after trimming, or under four letters and digits with the
// gaps between words: then nothing is looked up (R5).
func NewSearch(typed string) (q Search, ok bool) {
	typed = norm.NFC.String(strings.TrimSpace(typed))
	if len(typed) > 4*maxEmail {
		return Search{}, false
	}
	text := foldWords(typed)
	if len([]rune(typed)) < searchLeast || len([]rune(text)) < searchLeast {
		return Search{}, false
	}
	return Search{text}, true
}

// Prefix is the search's first four characters, which limits count (ruling 9).
func (q Search) Prefix() string { return string([]rune(q.text)[:searchLeast]) }

// People finds at most eight accounts whose name or e-mail begins, at any word,
// with the text (R5). Listed are active accounts with a verified address that
// have not opted out of discovery, without the subject and, when a camera of his
// is given, without those in its table (R7). Of an e-mail the words before the @
// begin an entry, so that nobody lists all people of one domain.
func (a *Authority) People(ctx context.Context, s Subject, q Search, camera string) ([]Found, error) {
	act, o := ActSelf, Object{}
	var scans []kv.Scan
	if camera != "" {
		act, o = ActShare, Object{Camera: camera}
	}
	_, f, err := a.require(ctx, s, act, o)
	if err != nil {
		return nil, err
	}
	if !f.Account.EmailVerified {
		return nil, deny(ReasonEmailUnverified).Fault()
	}
	not := map[string]bool{s.Account: true}
	if camera != "" {
		scans = append(scans, kv.Scan{Prefix: pGrant + camera + "/"})
		v, err := a.read(ctx, nil, scans...)
		if err != nil {
			return nil, err
		}
		for _, val := range v.scans[0] {
			not[strings.TrimPrefix(val.Key, pGrant+camera+"/")] = true
		}
	}
	if q.text == "" {
		return nil, nil
	}
	prefix := pFind + clip(q.text)
	var out []Found
	for from, page := "", 0; page < searchPages && len(out) < searchMost; page++ {
		v, err := a.read(ctx, nil, kv.Scan{Prefix: prefix, From: from, Limit: searchPage})
		if err != nil {
			return nil, err
		}
		var keys []string
		for _, val := range v.scans[0] {
			from = val.Key + "\x00"
			if id := val.Key[strings.LastIndexByte(val.Key, '/')+1:]; ValidID(id) && !not[id] {
				not[id] = true
				keys = append(keys, keyAccount(id))
			}
		}
		if len(keys) > 0 {
			w, err := a.read(ctx, keys)
			if err != nil {
				return nil, err
			}
			for _, r := range w.recs {
				if acc, _ := r.(*Account); acc != nil && findable(acc) && matches(acc, q.text) && len(out) < searchMost {
					out = append(out, Found{ID: acc.ID, Name: acc.Name, EmailMasked: MaskEmail(acc.Email)})
				}
			}
		}
		if len(v.scans[0]) < searchPage {
			break
		}
	}
	return out, nil
}

// findable is who may be found: spec R7 and ruling 9.
func findable(a *Account) bool {
	return a.EmailVerified && !a.Hidden && a.State == AccountActive
}

func matches(a *Account, text string) bool {
	return slices.ContainsFunc(searchTexts(a), func(s string) bool { return strings.HasPrefix(s, text) })
}

// searchTexts are the name and the e-mail from each of their words on.
func searchTexts(a *Account) []string {
	var out []string
	add := func(text, words string) {
		for at := 0; at < len(words); {
			if t := text[at:]; t != "" && !slices.Contains(out, t) {
				out = append(out, t)
			}
			next := strings.IndexByte(words[at:], ' ')
			if next < 0 {
				break
			}
			at += next + 1
		}
	}
	name := foldWords(a.Name)
	add(name, name)
	local, _, _ := strings.Cut(a.Email, "@")
	add(foldWords(a.Email), foldWords(local))
	return out
}

// indexKeys are an account's entries in the index of people; none when it is
// nil or not to be found.
func indexKeys(a *Account) []string {
	if a == nil || !findable(a) {
		return nil
	}
	var out []string
	for _, t := range searchTexts(a) {
		if k := pFind + clip(t) + "/" + a.ID; !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// index moves an account's entries in the commit that changes it; nil is an
// account that is not there before or after.
func (d *draft) index(before, after *Account) {
	was, is := indexKeys(before), indexKeys(after)
	for _, k := range was {
		if !slices.Contains(is, k) {
			d.del(k)
		}
	}
	for _, k := range is {
		if !slices.Contains(was, k) {
			d.mark(k, "1")
		}
	}
}

func clip(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), indexRunes)])
}

// foldWords brings text to the form people are searched in: without case and
// accents, letters and digits only, words apart by one space.
func foldWords(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(cases.Fold().String(norm.NFKC.String(s))) {
		switch {
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r):
		case unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r):
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			if plain, ok := unaccented[r]; ok {
				b.WriteString(plain)
			} else {
				b.WriteRune(r)
			}
		default:
			gap = true
		}
	}
	return norm.NFC.String(b.String())
}

// unaccented are letters with a stroke or the like that Unicode does not take apart.
var unaccented = map[rune]string{
	'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'ħ': "h", 'ı': "i", 'ŧ': "t", 'æ': "ae", 'œ': "oe", 'þ': "th", 'ĸ': "k", 'ŋ': "n",
}

// indexPeople makes the index for accounts of before it was kept, once a store.
func (a *Authority) indexPeople(ctx context.Context) error {
	v, err := a.read(ctx, []string{kIndexed})
	if err != nil || v.raw[0].Exists() {
		return err
	}
	for from := ""; ; {
		v, err := a.read(ctx, nil, kv.Scan{Prefix: pAccount, From: from, Limit: 20})
		if err != nil {
			return err
		}
		var d draft
		for _, val := range v.scans[0] {
			from = val.Key + "\x00"
			acc, err := decode[Account](val.Data)
			if err != nil {
				continue
			}
			d.is(val) // a change meanwhile keeps its own entries: the next round sees it
			d.index(nil, acc)
		}
		last := len(v.scans[0]) < 20
		if last {
			d.mark(kIndexed, "1")
		}
		if err := a.write(ctx, d); err != nil {
			return err
		}
		if last {
			return nil
		}
	}
}
