# Tcl's xmlrpc: all of validator1, introspection, faults and multicall. Its caller must escape and encode texts.
# It takes the members of structs from array variables, and returns structs as lists of pairs.
if {[catch {package require xmlrpc} version]} {
    puts "the package xmlrpc is not installed"
    exit 77
}
# Its socket writes text in this encoding, and it announces the length in characters.
encoding system iso8859-1
regexp {http://[^/]+} [lindex $argv 0] base

proc call {name args} {
    lindex [xmlrpc::call $::base RPC2 $name $args 4 4] 1
}

proc same {answer expected} {
    if {$answer ne $expected} { error "got {$answer}, expected {$expected}" }
}

proc member {struct name} {
    foreach pair $struct {
        if {[lindex $pair 0] eq $name} { return [lindex $pair 1] }
    }
    error "no member $name in {$struct}"
}

proc escape {text} {
    string map {& &amp; < &lt; > &gt;} [encoding convertto utf-8 $text]
}

# It neither unescapes nor decodes what it reads.
proc unescape {text} {
    encoding convertfrom utf-8 [string map {&lt; < &gt; > &quot; \" &apos; ' &amp; &} $text]
}

set hard "<&>\"' \]\]> &amp; \u00e9 \u03a9 \u4e2d\ttab\nline "
array set moe_larry_curly {moe {int -7} larry {int 2147483647} curly {int -2147483640}}
array set others {moe {int 1} larry {int 2} curly {int 41}}
set stooges {struct moe_larry_curly}
set date 20260228T23:59:58
set octets AAECA/v8/f4=

same [call validator1.arrayOfStructsTest [list array [list $stooges {struct others}]]] -2147483599
set entities [call validator1.countTheEntities [list string [escape $hard$hard$hard]]]
foreach {name count} {ctLeftAngleBrackets 3 ctRightAngleBrackets 6 ctAmpersands 6 ctApostrophes 3 ctQuotes 3} {
    same [member $entities $name] $count
}
same [call validator1.easyStructTest $stooges] 0
array set everything [list text [list string [escape $hard]] empty {string {}} yes {boolean 1} no {boolean 0} \
    minus {int -2147483648} pi {double -3.25} date [list dateTime.iso8601 $date] octets [list base64 $octets] \
    deep [list array [list {int 1} [list array [list {int 2} $stooges]]]]]
set echo [call validator1.echoStructTest {struct everything}]
same [unescape [member $echo text]] $hard
same [lmap name {empty yes no minus date octets} {member $echo $name}] [list {} 1 0 -2147483648 $date $octets]
same [member [lindex [member $echo deep] 1 1] larry] 2147483647
set many [call validator1.manyTypesTest {int -42} {boolean 1} [list string [escape $hard]] {double 2.5} \
    [list dateTime.iso8601 $date] [list base64 $octets]]
same [unescape [lindex $many 2]] $hard
same [lreplace $many 2 2] [list -42 1 2.5 $date $octets]
set texts [list [list string [escape $hard]] {*}[lrepeat 180 {string x}] [list string [escape \u00e9]]]
same [unescape [call validator1.moderateSizeArrayCheck [list array $texts]]] $hard\u00e9
array set april [list 01 $stooges 02 {int 2}]
array set year {03 {int 3} 04 {struct april}}
array set calendar {1999 {int 0} 2000 {struct year}}
same [call validator1.nestedStructTest {struct calendar}] 0
set times [call validator1.simpleStructReturnTest {int -213}]
same [lmap name {times10 times100 times1000} {member $times $name}] {-2130 -21300 -213000}

set names [call system.listMethods]
if {"validator1.easyStructTest" ni $names || "system.multicall" ni $names} { error "system.listMethods: $names" }
same [member [call validator1.noSuchTest {int 1}] faultCode] -32601
same [member [call validator1.easyStructTest {string {a string}}] faultCode] -32602

array set first [list methodName {string validator1.easyStructTest} params [list array [list $stooges]]]
array set second {methodName {string validator1.noSuchTest} params {array {}}}
set answers [call system.multicall {array {{struct first} {struct second}}}]
same [lindex $answers 0] 0
same [member [lindex $answers 1] faultCode] -32601

puts "Tcl $tcl_patchLevel, xmlrpc $version"
