# Ruby's xmlrpc: all of validator1, introspection, faults and multicall.
begin
  require "xmlrpc/client"
rescue LoadError
  puts "the gem xmlrpc is not installed"
  exit 77
end

CLIENT = XMLRPC::Client.new2(ARGV[0])

def same(answer, expected)
  raise "got #{answer.inspect}, expected #{expected.inspect}" unless answer == expected
end

def validator(name, *arguments) = CLIENT.call("validator1.#{name}", *arguments)

def fault(code)
  answer = yield
  raise "no fault: #{answer.inspect}"
rescue XMLRPC::FaultException => error
  same(error.faultCode, code)
end

hard = "<&>\"' ]]> &amp; é Ω 中 \u{1F600}\ttab\nline "
stooges = { "moe" => -7, "larry" => 2147483647, "curly" => -2147483640 }
date = XMLRPC::DateTime.new(2026, 2, 28, 23, 59, 58)
octets = (0..255).to_a.pack("C*")
bytes = XMLRPC::Base64.new(octets)

same(validator("arrayOfStructsTest", [stooges, { "moe" => 1, "larry" => 2, "curly" => 41 }]), -2147483599)
same(validator("countTheEntities", hard * 3),
     { "ctLeftAngleBrackets" => 3, "ctRightAngleBrackets" => 6, "ctAmpersands" => 6, "ctApostrophes" => 3, "ctQuotes" => 3 })
same(validator("easyStructTest", stooges), 0)
everything = {
  hard => hard, "empty" => "", "blank" => " ", "yes" => true, "no" => false, "minus" => -2147483648, "pi" => -3.14159265358979,
  "tiny" => 1e-300, "date" => date, "list" => [], "void" => {}, "deep" => { "list" => [1, [2, [3, { "four" => [4.5, false, "five"] }]]] }
}
same(validator("echoStructTest", everything), everything)
same(validator("echoStructTest", { "octets" => bytes })["octets"].b, octets)
same(validator("echoStructTest", {}), {})
answer = validator("manyTypesTest", -42, true, hard, 2.5e-7, date, bytes)
same(answer[5].b, octets)
same(answer[0, 5], [-42, true, hard, 2.5e-7, date])
same(validator("moderateSizeArrayCheck", [hard] + ["x"] * 180 + ["é"]), hard + "é")
same(validator("nestedStructTest", { "1999" => {}, "2000" => { "03" => {}, "04" => { "01" => stooges, "02" => {} } } }), 0)
same(validator("simpleStructReturnTest", -213), { "times10" => -2130, "times100" => -21300, "times1000" => -213000 })

raise "system.listMethods" unless (%w[validator1.easyStructTest system.multicall] - CLIENT.call("system.listMethods")).empty?
fault(-32601) { validator("noSuchTest", 1) }
fault(-32602) { validator("easyStructTest", "a string") }

answers = CLIENT.multicall(["validator1.easyStructTest", stooges], ["validator1.noSuchTest"], ["validator1.echoStructTest", everything])
same(answers[0], 0)
same(answers[1].faultCode, -32601)
same(answers[2], everything)

puts "Ruby #{RUBY_VERSION}, xmlrpc #{Gem::Specification.find_by_name("xmlrpc").version}"
