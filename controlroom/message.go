package controlroom

import (
	"time"
)

// clientMessage is what a tab says on its socket. Type tells which fields count.
type clientMessage struct {
	Type         string     `json:"type"`
	Viewing      string     `json:"viewing"` // hello
	Seq          uint64     `json:"seq"`     // hello: last seen; the answer is a whole snapshot anyway
	Version      uint64     `json:"version"` // tiles
	Tiles        []TileWant `json:"tiles"`   // tiles
	Cell         *int       `json:"cell"`    // sound (null: silence), try_now
	Visible      *bool      `json:"visible"` // visible
	T            float64    `json:"t"`       // ping: the client's clock, ms
	steerMessage            // ptz
}

// serverMessage is what a tab is told. A tile message carries its TileState's
// fields beside its own.
type serverMessage struct {
	Type         string       `json:"type"`
	Viewing      string       `json:"viewing,omitempty"`
	Seq          uint64       `json:"seq,omitempty"`
	Version      *uint64      `json:"version,omitempty"`
	Tiles        *[]TileState `json:"tiles,omitempty"`
	Node         string       `json:"node,omitempty"`
	ServerTime   *time.Time   `json:"server_time,omitempty"`
	Offers       *int         `json:"offers,omitempty"`
	Notices      *int         `json:"notices,omitempty"`
	What         string       `json:"what,omitempty"`
	T            *float64     `json:"t,omitempty"`
	ServerTimeMS *float64     `json:"server_time_ms,omitempty"`
	MediaMS      float64      `json:"media_ms,omitempty"` // pong: the server's media clock, which first_ms is on
	PTZ          *SteerState  `json:"ptz,omitempty"`
	*TileState
}

// visitState is the state of a guest's visit, in the terms of spec ruling 4.
type visitState struct {
	Type   string     `json:"type"`
	State  string     `json:"state"`
	Reason string     `json:"reason,omitempty"`
	Since  *time.Time `json:"since,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
}

// mediaMS is a clock.Mono reading as the socket tells it: milliseconds of a clock
// that never steps, in microsecond steps.
func mediaMS(mono int64) float64 { return float64(mono/1000) / 1000 }
