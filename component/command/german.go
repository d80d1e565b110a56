package command

// german is the texts in German, by the English ones.
func german() [][2]string {
	return [][2]string{}
}
