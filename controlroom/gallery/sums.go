package gallery

import (
	"encoding/json"
	"slices"
	"strconv"

	"sightline/internal/kv"
)

// sums is what an account's images add up to, in one record that every commit
// of a row is conditional on: the quota is exact.
type sums struct {
	V       int              `json:"v"`
	Used    int64            `json:"used"` // bytes of originals
	Count   int              `json:"count"`
	Cameras map[string]tally `json:"cameras,omitempty"` // own images by camera
	Senders map[string]tally `json:"senders,omitempty"` // received images by sender
	Skipped int              `json:"skipped,omitempty"` // images that found no room since there was some
	Since   int64            `json:"since,omitempty"`   // Unix ms of the first of them
	Missed  []string         `json:"missed,omitempty"`  // the last of them, so that a retry is not counted again
	Told    bool             `json:"told,omitempty"`    // the account was told (R54)
	Closed  bool             `json:"closed,omitempty"`  // the account was closed: no row is added any more
}

// missedMost is how many skipped images are remembered.
const missedMost = 16

// miss counts an image that found no room; false when it was counted before.
func (s *sums) miss(image string, now int64) bool {
	if slices.Contains(s.Missed, image) {
		return false
	}
	if s.Skipped == 0 {
		s.Since = now
	}
	s.Skipped++
	s.Missed = append(s.Missed[max(len(s.Missed)-missedMost+1, 0):], image)
	return true
}

// tally is one part of the sums.
type tally struct {
	Bytes int64  `json:"bytes"`
	Count int    `json:"count"`
	Name  string `json:"name,omitempty"` // of the camera, as last heard
}

func parseSums(v kv.Value) (sums, error) {
	s := sums{V: rowVersion}
	if v.Exists() && (json.Unmarshal(v.Data, &s) != nil || s.V != rowVersion) {
		return s, errRow
	}
	if s.Cameras == nil {
		s.Cameras = map[string]tally{}
	}
	if s.Senders == nil {
		s.Senders = map[string]tally{}
	}
	return s, nil
}

// count adds (n = 1) or takes (n = -1) an image.
func (s *sums) count(r row, n int) {
	s.Used += int64(n) * r.Bytes
	s.Count += n
	in, by := s.Cameras, r.Camera
	if r.Sender != "" {
		in, by = s.Senders, r.Sender
	}
	t := in[by]
	t.Bytes += int64(n) * r.Bytes
	t.Count += n
	if r.Sender == "" {
		t.Name = r.Name
	}
	if in[by] = t; t.Count <= 0 {
		delete(in, by)
	}
	if n < 0 { // there is room again: the next time it is full is told anew
		s.Skipped, s.Since, s.Missed, s.Told = 0, 0, nil, false
	}
}

func (s sums) write() kv.Write { return kv.Write{Key: kSums, Data: kv.Encode(s)} }

// day is how many images a day has; a day without any has no record.
func dayWrite(v kv.Value, n int) kv.Write {
	old, _ := strconv.Atoi(string(v.Data)) // a day that was never written is 0
	if old+n <= 0 {
		return kv.Write{Key: v.Key, Delete: true}
	}
	return kv.Write{Key: v.Key, Data: []byte(strconv.Itoa(old + n))}
}

// is demands that what was read has not changed.
func is(values ...kv.Value) []kv.Condition {
	out := make([]kv.Condition, 0, len(values))
	for _, v := range values {
		out = append(out, kv.Condition{Key: v.Key, Version: v.Version})
	}
	return out
}
