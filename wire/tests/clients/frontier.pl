# Perl's Frontier::Client: all of validator1, introspection, faults and multicall.
use strict;
use warnings;
use utf8;
use Encode qw(encode_utf8);
use Test::More;

eval { require Frontier::Client; 1 } or do { print "Frontier::Client is not installed\n"; exit 77 };

my $client = Frontier::Client->new(url => $ARGV[0], encoding => 'UTF-8');
Test::More->builder->output(\my $log);

sub same {
    my ($answer, $expected, $name) = @_;
    is_deeply($answer, $expected, $name) or BAIL_OUT("$name is wrong");
}

# Frontier has a class for each type that is not a string or number.
sub plain {
    my ($value) = @_;
    my $kind = ref $value or return $value;
    return [map { plain($_) } @$value] if $kind eq 'ARRAY';
    return { map { $_ => plain($value->{$_}) } keys %$value } if $kind eq 'HASH';
    return $value->value;
}

sub validator { my ($name, @parameters) = @_; plain($client->call("validator1.$name", @parameters)) }

sub fault {
    my ($code, $name, @parameters) = @_;
    eval { $client->call($name, @parameters); 1 } and die "$name: no fault";
    $@ =~ / \Q$code\E\b/ or die "$name: $@";
}

my $hard = "<&>\"' ]]> &amp; é Ω 中 \x{1F600}\ttab\nline ";
# It does not encode what it sends, but decodes what it reads.
my $text = $client->string(encode_utf8($hard));
my %stooges = (moe => $client->int(-7), larry => 2147483647, curly => $client->int(-2147483640));
my $date = $client->date_time('20260228T23:59:58');
my $octets = $client->base64("AAECA/v8/f4=");

same(validator('arrayOfStructsTest', [\%stooges, { moe => 1, larry => 2, curly => 41 }]), -2147483599, 'arrayOfStructsTest');
same(validator('countTheEntities', $client->string(encode_utf8($hard) x 3)),
    { ctLeftAngleBrackets => 3, ctRightAngleBrackets => 6, ctAmpersands => 6, ctApostrophes => 3, ctQuotes => 3 }, 'countTheEntities');
same(validator('easyStructTest', \%stooges), 0, 'easyStructTest');
my %everything = (
    text => $text, empty => '', blank => ' ', yes => $client->boolean(1), no => $client->boolean(0),
    pi => -3.14159265358979, date => $date, list => [], void => {},
    deep => { list => [1, [2, [3, { four => 'five' }]]] },
);
same(validator('echoStructTest', \%everything), { %{ plain(\%everything) }, text => $hard }, 'echoStructTest');
same(validator('echoStructTest', {}), {}, 'echoStructTest of nothing');
my $many = validator('manyTypesTest', $client->int(-42), $client->boolean(1), $text, $client->double(2.5), $date, $octets);
$many->[5] =~ s/\s//g;
same($many, [-42, 1, $hard, 2.5, '20260228T23:59:58', 'AAECA/v8/f4='], 'manyTypesTest');
same(validator('moderateSizeArrayCheck', [$text, ('x') x 180, $client->string(encode_utf8('é'))]), $hard . 'é', 'moderateSizeArrayCheck');
same(validator('nestedStructTest', { 1999 => {}, 2000 => { '03' => {}, '04' => { '01' => \%stooges, '02' => {} } } }), 0, 'nestedStructTest');
same(validator('simpleStructReturnTest', -213), { times10 => -2130, times100 => -21300, times1000 => -213000 }, 'simpleStructReturnTest');

my %names = map { $_ => 1 } @{ $client->call('system.listMethods') };
$names{'validator1.easyStructTest'} && $names{'system.multicall'} or die 'system.listMethods';
fault(-32601, 'validator1.noSuchTest', 1);
fault(-32602, 'validator1.easyStructTest', $client->string('a string'));

my $answers = $client->call('system.multicall', [
    { methodName => 'validator1.easyStructTest', params => [\%stooges] },
    { methodName => 'validator1.noSuchTest', params => [] },
]);
same(plain($answers->[0]), [0], 'the first of a multicall');
same($answers->[1]{faultCode}, -32601, 'the second of a multicall');

# The module does not know its version.
printf "Perl %vd, Frontier::Client\n", $^V;
done_testing();
