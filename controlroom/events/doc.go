// Package events keeps what cameras report: movement, people, sounds, inputs,
// that one was lost and came back. Reports come from cameras themselves (ONVIF),
// from outside by a hook, from the stream's pictures or data rate, and from this server;
// as long as they keep coming they are one event. Who may see events is decided
// where they are handed out.
//
// Events lie in a space of their own (event.CameraEvents), by camera and time,
// and each is told once in that space's feed when it begins. docs/adr says why.
package events
