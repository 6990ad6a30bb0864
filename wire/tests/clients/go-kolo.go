// Go's kolo/xmlrpc: all of validator1, introspection, faults and multicall. It sends the names of members as they are, and reads
// empty texts and structs as nil.
package main

import (
	"encoding/base64"
	"fmt"
	"log"
	"os"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/kolo/xmlrpc"
)

type list = []interface{}
type members = map[string]interface{}

var client *xmlrpc.Client

func call(name string, parameters ...interface{}) (answer interface{}) {
	if err := client.Call(name, list(parameters), &answer); err != nil {
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

func fault(code int, name string, parameters ...interface{}) {
	var answer interface{}
	err := client.Call(name, list(parameters), &answer)
	if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("Fault(%d): ", code)) {
		log.Fatalf("%s: no fault %d, but %v", name, code, err)
	}
}

func main() {
	client, _ = xmlrpc.NewClient(os.Args[1], nil)
	hard := "<&>\"' ]]> &amp; é Ω 中 \U0001F600\ttab\nline "
	stooges := members{"moe": int64(-7), "larry": int64(2147483647), "curly": int64(-2147483640)}
	date := time.Date(2026, 2, 28, 23, 59, 58, 0, time.UTC)
	octets := make([]byte, 256)
	for index := range octets {
		octets[index] = byte(index)
	}
	text := base64.StdEncoding.EncodeToString(octets)

	same(validator("arrayOfStructsTest", list{stooges, members{"moe": 1, "larry": 2, "curly": 41}}), int64(-2147483599))
	same(validator("countTheEntities", strings.Repeat(hard, 3)), members{"ctLeftAngleBrackets": int64(3),
		"ctRightAngleBrackets": int64(6), "ctAmpersands": int64(6), "ctApostrophes": int64(3), "ctQuotes": int64(3)})
	same(validator("easyStructTest", stooges), int64(0))
	everything := members{"text": hard, "blank": " ", "yes": true, "no": false, "minus": int64(-2147483648),
		"pi": -3.14159265358979, "date": date,
		"deep": members{"list": list{int64(1), list{int64(2), list{int64(3), members{"four": list{4.5, false, "five"}}}}}}}
	same(validator("echoStructTest", everything), everything)
	same(validator("manyTypesTest", -42, true, hard, 2.5e-7, date, xmlrpc.Base64(text)), list{int64(-42), true, hard, 2.5e-7, date, text})
	texts := list{hard}
	for len(texts) < 181 {
		texts = append(texts, "x")
	}
	same(validator("moderateSizeArrayCheck", append(texts, "é")), hard+"é")
	same(validator("nestedStructTest", members{"1999": members{},
		"2000": members{"03": members{}, "04": members{"01": stooges, "02": members{}}}}), int64(0))
	same(validator("simpleStructReturnTest", -213),
		members{"times10": int64(-2130), "times100": int64(-21300), "times1000": int64(-213000)})

	names := fmt.Sprint(call("system.listMethods"))
	if !strings.Contains(names, "validator1.easyStructTest") || !strings.Contains(names, "system.multicall") {
		log.Fatal("system.listMethods: ", names)
	}
	fault(-32601, "validator1.noSuchTest", 1)
	fault(-32602, "validator1.easyStructTest", "a string")

	answers := call("system.multicall", list{
		members{"methodName": "validator1.easyStructTest", "params": list{stooges}},
		members{"methodName": "validator1.noSuchTest", "params": list{}},
	}).(list)
	same(answers[0], list{int64(0)})
	same(answers[1].(members)["faultCode"], int64(-32601))

	fmt.Printf("Go %s, kolo/xmlrpc\n", strings.TrimPrefix(runtime.Version(), "go"))
}
