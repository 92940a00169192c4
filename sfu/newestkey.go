package sfu

// NewestKey is the newest key frame the ring holds, however old, with the format
// it is of; nil when there is none. The frame must not be changed.
func (s *Stream) NewestKey() (Format, *Frame) {
	s.ring.mu.RLock()
	defer s.ring.mu.RUnlock()
	if s.ring.key == 0 {
		return Format{}, nil
	}
	f, ok := s.Format()
	if !ok {
		return Format{}, nil
	}
	return f, s.ring.at0(s.ring.key)
}
