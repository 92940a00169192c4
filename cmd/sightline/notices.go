package main

import (
	"context"

	"sightline/controlroom/notice"
	"sightline/internal/mail"
)

// sender is the way out for letters of notices; nil without a mail server.
func sender(m *mail.Sender) notice.Sender {
	if m == nil {
		return nil
	}
	return m
}

// arrived tells of an image, where a camera's owner wants that. Images come when
// the room is there.
func (n *node) arrived(ctx context.Context, camera, image string) error {
	return n.room.Arrived(ctx, camera, image)
}

// noticed takes an image with a notice, where a camera's owner asked for that. The
// board runs when the room is there.
func (n *node) noticed(ctx context.Context, camera, cause string) error {
	_, _, err := n.room.Noticed(ctx, camera, cause)
	return err
}
