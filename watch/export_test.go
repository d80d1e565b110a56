package watch

// FormOf is the form that a subscription with o has.
func FormOf(o *Options) string { return o.form() }
