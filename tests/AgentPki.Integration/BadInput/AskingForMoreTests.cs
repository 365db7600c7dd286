using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>What a request may ask for and does not get: the certificate is issued, and carries what its profile says and nothing else.</summary>
public sealed class AskingForMoreTests(SharedAppliance shared)
{
    private static readonly Dictionary<string, byte[]> Wishes = new()
    {
        ["any extended key usage"] = Der.Extension("2.5.29.37", false, Der.Sequence(Der.Oid("2.5.29.37.0"))),
        ["OCSP signing"] = Der.Extension("2.5.29.37", false, Der.Sequence(Der.Oid("1.3.6.1.5.5.7.3.9"))),
        ["code signing"] = Der.Extension("2.5.29.37", false, Der.Sequence(Der.Oid("1.3.6.1.5.5.7.3.3"))),
        ["no check by OCSP"] = Der.Extension("1.3.6.1.5.5.7.48.1.5", false, Der.Null),
        ["a certificate policy"] = Der.Extension("2.5.29.32", false, Der.Sequence(Der.Sequence(Der.Oid("2.5.29.32.0")))),
        ["a key identifier of its choice"] = Der.Extension("2.5.29.14", false, Der.OctetString(1, 2, 3, 4)),
    };

    public static TheoryData<string> Names() => [.. Wishes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Enroll_AskingForMore_GetsTheProfileAndNothingElse(string wish)
    {
        var appliance = await shared.GetAsync();
        var usual = await EnrolledAgent.CreateAsync(appliance, "modest");
        var answer = await appliance.Https().ExchangeAsync(Requests.Enroll("simpleenroll", RawCsr.New("greedy").With(Wishes[wish]).Encode(), Requests.Basic(appliance.Credential)));

        var issued = EnrolledAgent.Issued(answer);

        Assert.Equal(Shape(usual.Certificate), Shape(issued));
        Assert.DoesNotContain(issued.Extensions, extension => extension.RawData.AsSpan().EndsWith((byte[])[1, 2, 3, 4]));
    }

    // Every extension by OID and criticality; the key usages by value.
    private static List<string> Shape(X509Certificate2 certificate) =>
        [.. certificate.Extensions.Select(extension => $"{extension.Oid!.Value} {extension.Critical} {(extension.Oid.Value is "2.5.29.37" or "2.5.29.15" or "2.5.29.19" ? Convert.ToHexString(extension.RawData) : "")}").Order()];
}
