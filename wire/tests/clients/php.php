<?php
// PHP's xmlrpc extension: all of validator1, introspection, faults and multicall.
if (!extension_loaded('xmlrpc')) {
    echo "the extension xmlrpc is not loaded\n";
    exit(77);
}
error_reporting(E_ALL);
set_error_handler(function ($number, $message, $file, $line) {
    throw new ErrorException($message, 0, $number, $file, $line);
});

function call(string $name, ...$parameters)
{
    $options = ['encoding' => 'utf-8', 'escaping' => 'markup'];
    $request = ['method' => 'POST', 'header' => 'Content-Type: text/xml', 'content' => xmlrpc_encode_request($name, $parameters, $options)];
    return xmlrpc_decode(file_get_contents($GLOBALS['argv'][1], false, stream_context_create(['http' => $request])), 'utf-8');
}

function validator(string $name, ...$parameters)
{
    $answer = call("validator1.$name", ...$parameters);
    if (is_array($answer) && xmlrpc_is_fault($answer)) {
        throw new Exception("$name: fault $answer[faultCode]: $answer[faultString]");
    }
    return $answer;
}

function same($answer, $expected)
{
    if ($answer != $expected || gettype($answer) != gettype($expected)) {
        throw new Exception('got ' . var_export($answer, true) . ', expected ' . var_export($expected, true));
    }
}

function typed(string $value, string $type)
{
    xmlrpc_set_type($value, $type);
    return $value;
}

$hard = "<&>\"' ]]> &amp; é Ω 中 \u{1F600}\ttab\nline ";
$stooges = ['moe' => -7, 'larry' => 2147483647, 'curly' => -2147483640];
$date = typed('20260228T23:59:58', 'datetime');
$octets = typed(implode('', array_map('chr', range(0, 255))), 'base64');

same(validator('arrayOfStructsTest', [$stooges, ['moe' => 1, 'larry' => 2, 'curly' => 41]]), -2147483599);
same(validator('countTheEntities', str_repeat($hard, 3)),
    ['ctLeftAngleBrackets' => 3, 'ctRightAngleBrackets' => 6, 'ctAmpersands' => 6, 'ctApostrophes' => 3, 'ctQuotes' => 3]);
same(validator('easyStructTest', $stooges), 0);
$everything = [
    'text' => $hard, 'empty' => '', 'blank' => ' ', 'yes' => true, 'no' => false, 'minus' => -2147483648, 'pi' => -3.141593,
    'date' => $date, 'octets' => $octets, 'list' => [], 'deep' => ['list' => [1, [2, [3, ['four' => [4.5, false, 'five']]]]]],
];
same(validator('echoStructTest', $everything), $everything);
same(validator('manyTypesTest', -42, true, $hard, 2.5, $date, $octets), [-42, true, $hard, 2.5, $date, $octets]);
same(validator('moderateSizeArrayCheck', [$hard, ...array_fill(0, 180, 'x'), 'é']), $hard . 'é');
// PHP would send an array whose keys are all numbers as an array, not as a struct.
same(validator('nestedStructTest', ['first' => 1999, '2000' => ['03' => [], '04' => ['01' => $stooges, '02' => []]]]), 0);
same(validator('simpleStructReturnTest', -213), ['times10' => -2130, 'times100' => -21300, 'times1000' => -213000]);

foreach (['validator1.easyStructTest', 'system.multicall'] as $name) {
    same(in_array($name, call('system.listMethods')), true);
}
same(call('validator1.noSuchTest', 1)['faultCode'], -32601);
same(call('validator1.easyStructTest', 'a string')['faultCode'], -32602);

$answers = call('system.multicall', [
    ['methodName' => 'validator1.easyStructTest', 'params' => [$stooges]],
    ['methodName' => 'validator1.noSuchTest', 'params' => []],
    ['methodName' => 'validator1.echoStructTest', 'params' => [$everything]],
]);
same($answers[0], [0]);
same($answers[1]['faultCode'], -32601);
same($answers[2], [$everything]);

printf("PHP %d.%d.%d, xmlrpc %s\n", PHP_MAJOR_VERSION, PHP_MINOR_VERSION, PHP_RELEASE_VERSION, phpversion('xmlrpc'));
