package controlroom

import "context"

// Close codes of the socket: 4000-4499 = come back with back-off, 4500-4999 = stop.
const (
	CloseRestart     = 4000
	CloseSlow        = 4001
	CloseNoPing      = 4002
	CloseLoginEnded  = 4500
	CloseLinkRemoved = 4501
	CloseProtocol    = 4502
	CloseSuspended   = 4503
)

// Socket is the server half of a tab's one socket: channels events and wall in one
// queue of at most 256 messages or 1 MB; a client that reads slower is closed with
// CloseSlow. Safe for concurrent use.
type Socket struct{}

// Receive handles one text message of the client (JSON, ≤ 64 KB). Messages must be
// given in the order of arrival. A protocol error closes the socket.
func (s *Socket) Receive(ctx context.Context, text []byte) { panic("soon") }

// Next returns the next text message for the client, or false when the socket is
// done and all that was queued before its end has been handed out.
func (s *Socket) Next(ctx context.Context) ([]byte, bool) { panic("soon") }

// Done is closed when the server ends the socket; Code then says why.
func (s *Socket) Done() <-chan struct{} { panic("soon") }

// Code is the close code and its reason text after Done.
func (s *Socket) Code() (int, string) { panic("soon") }

// Close is called by the transport when the client has gone. Idempotent.
func (s *Socket) Close() { panic("soon") }
