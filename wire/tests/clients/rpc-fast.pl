# Perl's XML::RPC::Fast: all of validator1, introspection, faults and multicall.
use strict;
use warnings;
use utf8;
use MIME::Base64;
use Test::More;

eval { require XML::RPC::Fast; 1 } or do { print "XML::RPC::Fast is not installed\n"; exit 77 };

my $client = XML::RPC::Fast->new($ARGV[0]);
# It refuses XML-RPC's own form of dates, and sends a DateTime in another form.
$client->registerType('dateTime.iso8601', sub { shift->textContent });
$client->registerType(boolean => sub { shift->textContent });
my $date = '20260228T235958.000+0000';
Test::More->builder->output(\my $log);

sub same {
    my ($answer, $expected, $name) = @_;
    is_deeply($answer, $expected, $name) or BAIL_OUT("$name is wrong");
}

sub call { my $answer = $client->call(@_); $answer }

sub validator { my ($name, @parameters) = @_; call("validator1.$name", @parameters) }

sub fault {
    my ($code, @call) = @_;
    eval { $client->call(@call); 1 } and die "$call[0]: no fault";
    $@ =~ /\Q$code\E\b/ or die "$call[0]: $@";
}

# The class of a reference to a text gives its type. It decodes base64 that it reads, but does not encode what it sends.
sub typed { my ($type, $value) = @_; bless \$value, $type }

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
    octets => typed(base64 => encode_base64($octets)), date => typed('dateTime.iso8601' => $date),
}), { %plain, text => $hard, yes => 1, no => 0, pi => -3.14159265358979, octets => $octets, date => '20260228T23:59:58' }, 'echoStructTest');
same(validator('echoStructTest', {}), {}, 'echoStructTest of nothing');
same(validator('manyTypesTest', -42, typed(boolean => 1), typed(string => $hard), typed(double => 2.5e-7), typed('dateTime.iso8601' => $date),
    typed(base64 => encode_base64($octets))), [-42, 1, $hard, 2.5e-7, '20260228T23:59:58', $octets], 'manyTypesTest');
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

printf "Perl %vd, XML::RPC::Fast %s\n", $^V, XML::RPC::Fast->VERSION;
done_testing();
