-- Lua's xmlrpc: validator1, introspection, faults and multicall. It has no dates and no base64, so it cannot
-- call manyTypesTest. Its caller must escape texts.
local found, xmlrpc = pcall(require, "xmlrpc")
if not found or not pcall(require, "xmlrpc.http") then
  print("the module xmlrpc is not installed")
  os.exit(77)
end
local http = require("xmlrpc.http")
local url = arg[1]

local function call(name, ...)
  local ok, answer = http.call(url, name, ...)
  assert(ok, type(answer) == "table" and answer.faultString or answer)
  return answer
end

local function validator(name, ...) return call("validator1." .. name, ...) end

local function fault(code, name, ...)
  local ok, answer, number = http.call(url, name, ...)
  assert(not ok and number == code, name .. ": no fault " .. code)
end

local function same(answer, expected)
  assert(type(answer) == type(expected), tostring(answer) .. " is no " .. type(expected))
  if type(expected) ~= "table" then
    assert(answer == expected, "got " .. tostring(answer) .. ", expected " .. tostring(expected))
    return
  end
  for key, value in pairs(expected) do same(answer[key], value) end
  for key in pairs(answer) do assert(expected[key] ~= nil, "unexpected " .. tostring(key)) end
end

local function typed(type, value) return xmlrpc.newTypedValue(value, type) end
local function array(values) return typed({ type = "array" }, values) end
local function escape(text) return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" })) end

local hard = "<&>\"' ]]> &amp; é Ω 中 \240\159\152\128\ttab\nline "
local stooges = { moe = -7, larry = 2147483647, curly = typed("int", -2147483640) }
local everything = {
  blank = "a ", yes = true, no = false, pi = typed("double", -3.14159265358), minus = -2147483648,
  deep = { list = array { 1, array { 2, array { 3, { four = "five" } } } } },
}

same(validator("arrayOfStructsTest", array { stooges, { moe = 1, larry = 2, curly = 41 } }), -2147483599)
same(validator("countTheEntities", escape(hard:rep(3))),
  { ctLeftAngleBrackets = 3, ctRightAngleBrackets = 6, ctAmpersands = 6, ctApostrophes = 3, ctQuotes = 3 })
same(validator("easyStructTest", stooges), 0)
local answer = validator("echoStructTest", everything)
same(answer.deep.list[2][2][2].four, "five")
for _, name in ipairs { "blank", "yes", "no", "minus" } do same(answer[name], everything[name]) end
same(answer.pi, -3.14159265358)
same(validator("echoStructTest", {}), {})
local texts = { escape(hard) }
for index = 2, 181 do texts[index] = "x" end
texts[182] = "é"
same(validator("moderateSizeArrayCheck", array(texts)), hard .. "é")
same(validator("nestedStructTest", { ["1999"] = {}, ["2000"] = { ["03"] = {}, ["04"] = { ["01"] = stooges, ["02"] = {} } } }), 0)
same(validator("simpleStructReturnTest", -213), { times10 = -2130, times100 = -21300, times1000 = -213000 })

local names = {}
for _, name in ipairs(call("system.listMethods")) do names[name] = true end
assert(names["validator1.easyStructTest"] and names["system.multicall"], "system.listMethods")
fault(-32601, "validator1.noSuchTest", 1)
fault(-32602, "validator1.easyStructTest", "a string")

local answers = call("system.multicall", array {
  { methodName = "validator1.easyStructTest", params = array { stooges } },
  { methodName = "validator1.noSuchTest", params = array {} },
})
same(answers[1], { 0 })
same(answers[2].faultCode, -32601)

print(_VERSION .. ", xmlrpc " .. xmlrpc._VERSION)
