# Perl's RPC::XML: all of validator1, introspection, faults and multicall.
use strict;
use warnings;
use utf8;
use Test::More;

eval { require RPC::XML; require RPC::XML::Client; 1 } or do { print "RPC::XML is not installed\n"; exit 77 };
$RPC::XML::ENCODING = $RPC::XML::ENCODING = 'utf-8';

my $client = RPC::XML::Client->new($ARGV[0]);

sub call {
    my $answer = $client->send_request(@_);
    ref $answer or die "$_[0]: $answer";
    die "$_[0]: fault " . $answer->code . ': ' . $answer->string if $answer->is_fault;
    return $answer->value;
}

sub fault {
    my ($code, @call) = @_;
    my $answer = $client->send_request(@call);
    ref $answer && $answer->is_fault && $answer->code == $code or die "$call[0]: no fault $code";
}

sub text { RPC::XML::string->new(shift) }

my $hard = "<&>\"' ]]> &amp; é Ω 中 \x{1F600}\ttab\nline ";
my $stooges = { moe => RPC::XML::i4->new(-7), larry => RPC::XML::i4->new(2147483647), curly => RPC::XML::i4->new(-2147483640) };
my $octets = join '', map { chr } 0 .. 255;
utf8::downgrade($octets);

sub same {
    my ($answer, $expected, $name) = @_;
    is_deeply($answer, $expected, $name) or BAIL_OUT("$name is wrong");
}

Test::More->builder->output(\my $log);
same(call('validator1.arrayOfStructsTest', [$stooges, { moe => 1, larry => 2, curly => 41 }]), -2147483599, 'arrayOfStructsTest');
same(call('validator1.countTheEntities', text($hard x 3)),
    { ctLeftAngleBrackets => 3, ctRightAngleBrackets => 6, ctAmpersands => 6, ctApostrophes => 3, ctQuotes => 3 }, 'countTheEntities');
same(call('validator1.easyStructTest', $stooges), 0, 'easyStructTest');
my %plain = (text => $hard, empty => '', blank => ' ', list => [], void => {}, deep => { list => [1, [2, [3, { four => 'five' }]]] });
same(call('validator1.echoStructTest', {
    %plain, text => text($hard), empty => text(''), blank => text(' '), yes => RPC::XML::boolean->new(1), no => RPC::XML::boolean->new(0),
    pi => RPC::XML::double->new('-3.14159265358979'), octets => RPC::XML::base64->new($octets),
    date => RPC::XML::datetime_iso8601->new('20260228T23:59:58'),
}), { %plain, yes => 1, no => 0, pi => -3.14159265358979, octets => $octets, date => '20260228T23:59:58' }, 'echoStructTest');
same(call('validator1.echoStructTest', {}), {}, 'echoStructTest of nothing');
same(call('validator1.manyTypesTest', RPC::XML::int->new(-42), RPC::XML::boolean->new(1), text($hard), RPC::XML::double->new(0.00000025),
    RPC::XML::datetime_iso8601->new('2026-02-28T23:59:58'), RPC::XML::base64->new($octets)),
    [-42, 1, $hard, '0.00000025', '20260228T23:59:58', $octets], 'manyTypesTest');
same(call('validator1.moderateSizeArrayCheck', [text($hard), ('x') x 180, text('é')]), $hard . 'é', 'moderateSizeArrayCheck');
same(call('validator1.nestedStructTest', { 1999 => {}, 2000 => { '03' => {}, '04' => { '01' => $stooges, '02' => {} } } }), 0, 'nestedStructTest');
same(call('validator1.simpleStructReturnTest', -213), { times10 => -2130, times100 => -21300, times1000 => -213000 }, 'simpleStructReturnTest');

my %names = map { $_ => 1 } @{ call('system.listMethods') };
$names{'validator1.easyStructTest'} && $names{'system.multicall'} or die 'system.listMethods';
fault(-32601, 'validator1.noSuchTest', 1);
fault(-32602, 'validator1.easyStructTest', text('a string'));

my $answers = call('system.multicall', [
    { methodName => 'validator1.easyStructTest', params => [$stooges] },
    { methodName => 'validator1.noSuchTest', params => [] },
]);
same($answers->[0], [0], 'the first of a multicall');
same($answers->[1]{faultCode}, -32601, 'the second of a multicall');

printf "Perl %vd, RPC::XML %s\n", $^V, $RPC::XML::VERSION;
done_testing();
