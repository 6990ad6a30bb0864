# Perl's XMLRPC::Lite: all of validator1, introspection, faults and multicall.
use strict;
use warnings;
use utf8;
use Encode qw(encode_utf8);
use Test::More;

eval { require XMLRPC::Lite; 1 } or do { print "XMLRPC::Lite is not installed\n"; exit 77 };

my $client = XMLRPC::Lite->proxy($ARGV[0]);
Test::More->builder->output(\my $log);

sub same {
    my ($answer, $expected, $name) = @_;
    is_deeply($answer, $expected, $name) or BAIL_OUT("$name is wrong");
}

sub call {
    my ($name, @parameters) = @_;
    my $answer = $client->call($name, @parameters);
    $answer->fault and die "$name: " . $answer->faultstring;
    return $answer->result;
}

sub validator { my ($name, @parameters) = @_; call("validator1.$name", @parameters) }

sub fault {
    my ($code, @call) = @_;
    my $answer = $client->call(@call);
    $answer->fault && $answer->faultcode == $code or die "$call[0]: no fault $code";
}

sub typed { my ($type, $value) = @_; XMLRPC::Data->type($type => $value) }

my $hard = "<&>\"' ]]> &amp; é Ω 中 \x{1F600}\ttab\nline ";
my %stooges = (moe => -7, larry => 2147483647, curly => typed(int => -2147483640));
my $octets = join '', map { chr } 0 .. 255;

same(validator('arrayOfStructsTest', [\%stooges, { moe => 1, larry => 2, curly => 41 }]), -2147483599, 'arrayOfStructsTest');
same(validator('countTheEntities', typed(string => $hard x 3)),
    { ctLeftAngleBrackets => 3, ctRightAngleBrackets => 6, ctAmpersands => 6, ctApostrophes => 3, ctQuotes => 3 }, 'countTheEntities');
same(validator('easyStructTest', \%stooges), 0, 'easyStructTest');
my %plain = (blank => ' ', list => [], void => {}, deep => { list => [1, [2, [3, { four => 'five' }]]] });
same(validator('echoStructTest', {
    %plain, text => typed(string => $hard), yes => typed(boolean => 1), no => typed(boolean => 0), pi => -3.14159265358979,
    octets => typed(base64 => $octets), date => typed(dateTime => '20260228T23:59:58'),
}), { %plain, text => $hard, yes => 1, no => 0, pi => -3.14159265358979, octets => $octets, date => '20260228T23:59:58' }, 'echoStructTest');
same(validator('echoStructTest', {}), {}, 'echoStructTest of nothing');
same(validator('manyTypesTest', -42, typed(boolean => 1), typed(string => $hard), 2.5e-7, typed(dateTime => '20260228T23:59:58'),
    typed(base64 => $octets)), [-42, 1, $hard, '0.00000025', '20260228T23:59:58', $octets], 'manyTypesTest');
same(validator('moderateSizeArrayCheck', [typed(string => $hard), ('x') x 180, typed(string => 'é')]), $hard . 'é', 'moderateSizeArrayCheck');
same(validator('nestedStructTest', { 1999 => {}, 2000 => { '03' => {}, '04' => { '01' => \%stooges, '02' => {} } } }), 0, 'nestedStructTest');
same(validator('simpleStructReturnTest', -213), { times10 => -2130, times100 => -21300, times1000 => -213000 }, 'simpleStructReturnTest');

my %names = map { $_ => 1 } @{ call('system.listMethods') };
$names{'validator1.easyStructTest'} && $names{'system.multicall'} or die 'system.listMethods';
fault(-32601, 'validator1.noSuchTest', 1);
fault(-32602, 'validator1.easyStructTest', typed(string => 'a string'));

my $answers = call('system.multicall', [
    { methodName => 'validator1.easyStructTest', params => [\%stooges] },
    { methodName => 'validator1.noSuchTest', params => [] },
]);
same($answers->[0], [0], 'the first of a multicall');
same($answers->[1]{faultCode}, -32601, 'the second of a multicall');

printf "Perl %vd, XMLRPC::Lite %s\n", $^V, XMLRPC::Lite->VERSION;
done_testing();
