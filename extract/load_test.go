package extract

import (
	"os"
	"testing"
)

func TestX(t *testing.T) {
	b, _ := os.ReadFile("../sources/intercom.yaml")
	_, err := Load("sources/intercom.yaml", b)
	if err != nil {
		t.Fatal(err)
	}
}
