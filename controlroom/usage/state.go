package usage

// State is how near a link is to the end of a budget (R81).
type State string

const (
	Normal    State = "normal"
	Near      State = "near"      // 80 % and more
	Throttled State = "throttled" // used up: what comes next is slower
)

// StateOf is the state of one budget: a pure function of its counter. near is in
// percent of the budget.
func StateOf(used, budget int64, near int) State {
	switch {
	case budget <= 0 || used >= budget:
		return Throttled
	case used*100 >= budget*int64(near):
		return Near
	}
	return Normal
}

// worst is the state of a link: that of its fullest budget.
func worst(states ...State) State {
	out := Normal
	for _, s := range states {
		if s == Throttled || s == Near && out == Normal {
			out = s
		}
	}
	return out
}
