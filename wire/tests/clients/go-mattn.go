// Go's mattn/go-xmlrpc: validator1, introspection and faults. It sends no dates, so it cannot call
// manyTypesTest. It does not read the code of a fault, and misreads arrays within other values.
package main

import (
	"fmt"
	"log"
	"os"
	"reflect"
	"runtime"
	"strings"

	"github.com/mattn/go-xmlrpc"
)

type list = xmlrpc.Array
type members = xmlrpc.Struct

func call(name string, parameters ...interface{}) interface{} {
	answer, err := xmlrpc.Call(os.Args[1], name, parameters...)
	if err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	return answer
}

func validator(name string, parameters ...interface{}) interface{} {
	return call("validator1."+name, parameters...)
}

func same(answer, expected interface{}) {
	if !reflect.DeepEqual(answer, expected) {
		log.Fatalf("got %#v, expected %#v", answer, expected)
	}
}

func fault(name string, parameters ...interface{}) {
	if answer, err := xmlrpc.Call(os.Args[1], name, parameters...); err == nil {
		log.Fatalf("%s: no fault, but %#v", name, answer)
	}
}

func main() {
	hard := "<&>\"' ]]> &amp; é Ω 中 \U0001F600\ttab\nline "
	stooges := members{"moe": -7, "larry": 2147483647, "curly": -2147483640}
	octets := make([]byte, 256)
	for index := range octets {
		octets[index] = byte(index)
	}

	same(validator("arrayOfStructsTest", list{stooges, members{"moe": 1, "larry": 2, "curly": 41}}), -2147483599)
	same(validator("countTheEntities", strings.Repeat(hard, 3)), members{"ctLeftAngleBrackets": 3, "ctRightAngleBrackets": 6,
		"ctAmpersands": 6, "ctApostrophes": 3, "ctQuotes": 3})
	same(validator("easyStructTest", stooges), 0)
	everything := members{hard: hard, "": "", " ": " ", "yes": true, "no": false, "minus": -2147483648, "pi": -3.14159265358979,
		"tiny": 2.5e-7, "octets": octets}
	same(validator("echoStructTest", everything), everything)
	texts := list{hard}
	for len(texts) < 181 {
		texts = append(texts, "x")
	}
	same(validator("moderateSizeArrayCheck", append(texts, "é")), hard+"é")
	same(validator("nestedStructTest", members{"1999": members{},
		"2000": members{"03": members{}, "04": members{"01": stooges, "02": members{}}}}), 0)
	same(validator("simpleStructReturnTest", -213), members{"times10": -2130, "times100": -21300, "times1000": -213000})

	names := fmt.Sprint(call("system.listMethods"))
	if !strings.Contains(names, "validator1.easyStructTest") || !strings.Contains(names, "system.multicall") {
		log.Fatal("system.listMethods: ", names)
	}
	fault("validator1.noSuchTest", 1)
	fault("validator1.easyStructTest", "a string")

	fmt.Printf("Go %s, mattn/go-xmlrpc\n", strings.TrimPrefix(runtime.Version(), "go"))
}
