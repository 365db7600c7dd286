using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using AgentPki.Testing.Acme;

namespace AgentPki.Protocols.Tests.Acme.Refusals;

/// <summary>RFC 8555 §7.4, finalize: orders that are not ready, and requests that are not the order's. After each of the latter the right request still gets its certificate.</summary>
internal static class FinalizeRefusals
{
    public static IEnumerable<AcmeRefusal> All => [.. States(), .. Members(), .. Names(), .. Requests()];

    private static IEnumerable<AcmeRefusal> States() =>
    [
        new("finalize of a pending order", 403, "orderNotReady", Trace.Account, async w => await w.Client.FinalizeAsync(await w.PlaceAsync(), AcmeTestClient.Csr(w.CertificateKey, w.Names))),
        new("finalize twice", 403, "orderNotReady", Trace.Account, async w =>
        {
            var order = await w.ReadyAsync();
            var csr = AcmeTestClient.Csr(w.CertificateKey, w.Names);
            Assert.Null((await w.Client.FinalizeAsync(order, csr)).Problem);
            w.Order = null;
            return await w.Client.FinalizeAsync(order, csr);
        }),
        new("finalize of an order whose authorization was given up", 403, "orderNotReady", Trace.Account, async w =>
        {
            var order = await w.ReadyAsync();
            w.Order = null;
            Assert.Null((await w.Client.PostAsync(order.Json["authorizations"]![0]!.ToString(), new JsonObject { ["status"] = "deactivated" })).Problem);
            return await w.Client.FinalizeAsync(order, AcmeTestClient.Csr(w.CertificateKey, w.Names));
        }),
    ];

    private static IEnumerable<AcmeRefusal> Members() =>
    [
        Payload("finalize without a request", "malformed", _ => "{}"),
        Payload("finalize with an empty payload", "malformed", _ => ""),
        Payload("request that is a number", "malformed", _ => """{"csr":1}"""),
        Payload("request that is no base64url", "malformed", _ => """{"csr":"a b"}"""),
        Payload("request in padded base64", "malformed", csr => $$"""{"csr":"{{Convert.ToBase64String(csr)}}="}"""),
        Payload("request in PEM", "malformed", csr => new JsonObject { ["csr"] = PemEncoding.WriteString("CERTIFICATE REQUEST", csr) }.ToJsonString()),
        Payload("request of no octets", "badCSR", _ => """{"csr":""}"""),
        Payload("request of random octets", "badCSR", _ => Member(RandomNumberGenerator.GetBytes(200))),
        Payload("request cut off", "badCSR", csr => Member(csr[..^1])),
        Payload("request with an octet behind it", "badCSR", csr => Member([.. csr, 0])),
        Payload("request that is a certificate", "badCSR", _ =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return Member(new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1)).RawData);
        }),
    ];

    // The order is always for a DNS name and an address.
    private static IEnumerable<AcmeRefusal> Names() =>
    [
        Named("without the address", (names, w) => names.AddDnsName(w.Names[0].Value)),
        Named("without the DNS name", (names, w) => names.AddIpAddress(IPAddress.Parse(w.Names[1].Value))),
        More("another DNS name", names => names.AddDnsName("other.refusals.test")),
        More("the name's wildcard", (names, w) => names.AddDnsName("*." + w.Names[0].Value)),
        More("the name's parent", names => names.AddDnsName("refusals.test")),
        More("another address", names => names.AddIpAddress(IPAddress.Parse("192.0.2.99"))),
        More("an e-mail address", names => names.AddEmailAddress("a@refusals.test")),
        More("a URI", names => names.AddUri(new Uri("https://refusals.test/"))),
        More("a SPIFFE ID", names => names.AddUri(new Uri("spiffe://agents.test/agent/admin"))),
        More("a user principal name", names => names.AddUserPrincipalName("a@refusals.test")),
        Named("with the address as a DNS name", (names, w) =>
        {
            names.AddDnsName(w.Names[0].Value);
            names.AddDnsName(w.Names[1].Value);
        }),
        Named("with another address", (names, w) =>
        {
            names.AddDnsName(w.Names[0].Value);
            names.AddIpAddress(IPAddress.Parse("2001:db8::7"));
        }),
        Named("with a dot at the name's end", (names, w) =>
        {
            names.AddDnsName(w.Names[0].Value + ".");
            names.AddIpAddress(IPAddress.Parse(w.Names[1].Value));
        }),
        Csr("common name of another", w => AcmeTestClient.Csr(w.CertificateKey, "other.refusals.test", w.Names)),
        Csr("common name that is no name", w => AcmeTestClient.Csr(w.CertificateKey, "My Agent", w.Names)),
        Csr("no names at all", w => AcmeTestClient.Csr(w.CertificateKey)),
        Csr("common name alone", w => AcmeTestClient.Csr(w.CertificateKey, w.Names[0].Value)),
        Csr("a directory name", w => Build(w, w.CertificateKey, raw: new Asn1Tag(TagClass.ContextSpecific, 4))),
        Csr("a registered identifier", w => Build(w, w.CertificateKey, raw: new Asn1Tag(TagClass.ContextSpecific, 8))),
    ];

    private static IEnumerable<AcmeRefusal> Requests() =>
    [
        Csr("signature changed", w =>
        {
            var csr = AcmeTestClient.Csr(w.CertificateKey, w.Names);
            csr[^1] ^= 1;
            return csr;
        }),
        Csr("signature of another key", w =>
        {
            using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest(new X500DistinguishedName(""), new PublicKey(w.CertificateKey), HashAlgorithmName.SHA256) { CertificateExtensions = { San(w) } };
            return request.CreateSigningRequest(X509SignatureGenerator.CreateForECDsa(other));
        }),
        Csr("key of the account", w => AcmeTestClient.Csr(w.Client.Key, w.Names)),
        new("request: key of another account", 400, "badCSR", Trace.Account, async w =>
            await w.Client.FinalizeAsync(await OrderAsync(w), AcmeTestClient.Csr((await w.Server.RegisteredAsync()).Key, w.Names))),
        new("request: key of an account that has ended", 400, "badCSR", Trace.Account, async w =>
        {
            var ended = await w.Server.RegisteredAsync();
            Assert.Null((await ended.PostAsync(ended.Account!, new JsonObject { ["status"] = "deactivated" })).Problem);
            return await w.Client.FinalizeAsync(await OrderAsync(w), AcmeTestClient.Csr(ended.Key, w.Names));
        }),
        Csr("CA:TRUE", w => Build(w, w.CertificateKey, request => request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true)))),
        Csr("key usage of a CA", w => Build(w, w.CertificateKey, request => request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true)))),
        Csr("RSA key of 1,024 bits", w =>
        {
            using var weak = RSA.Create(1024);
            return new CertificateRequest("", weak, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) { CertificateExtensions = { San(w) } }.CreateSigningRequest();
        }),
        Csr("key on secp256k1", w =>
        {
            using var other = ECDsa.Create(ECCurve.CreateFromFriendlyName("secp256k1"));
            return Build(w, other);
        }),
        Csr("signature with SHA-1", w =>
            new CertificateRequest(new X500DistinguishedName(""), new PublicKey(w.CertificateKey), HashAlgorithmName.SHA1) { CertificateExtensions = { San(w) } }.CreateSigningRequest(new EcdsaWithSha1(w.CertificateKey))),
    ];

    private static AcmeRefusal Csr(string name, Func<RefusalWorld, byte[]> csr) =>
        new($"request: {name}", 400, "badCSR", Trace.Account, async w => await w.Client.FinalizeAsync(await OrderAsync(w), csr(w)));

    private static AcmeRefusal Named(string name, Action<SubjectAlternativeNameBuilder, RefusalWorld> names) => Csr(name, w =>
    {
        var builder = new SubjectAlternativeNameBuilder();
        names(builder, w);
        return new CertificateRequest("", w.CertificateKey, HashAlgorithmName.SHA256) { CertificateExtensions = { builder.Build() } }.CreateSigningRequest();
    });

    private static AcmeRefusal More(string name, Action<SubjectAlternativeNameBuilder> more) => More(name, (names, _) => more(names));

    private static AcmeRefusal More(string name, Action<SubjectAlternativeNameBuilder, RefusalWorld> more) => Named($"with {name} besides", (names, w) =>
    {
        names.AddDnsName(w.Names[0].Value);
        names.AddIpAddress(IPAddress.Parse(w.Names[1].Value));
        more(names, w);
    });

    private static AcmeRefusal Payload(string name, string type, Func<byte[], string> payload) => new(name, 400, type, Trace.Account, async w =>
    {
        var order = await OrderAsync(w);
        return await w.Client.PostAsync(order.Json["finalize"]!.ToString(), Encoding.UTF8.GetBytes(payload(AcmeTestClient.Csr(w.CertificateKey, w.Names))));
    });

    private static Task<AcmeTestAnswer> OrderAsync(RefusalWorld w) => w.ReadyAsync(("dns", RefusalWorld.NewName()), ("ip", "192.0.2.7"));

    private static string Member(byte[] csr) => new JsonObject { ["csr"] = System.Buffers.Text.Base64Url.EncodeToString(csr) }.ToJsonString();

    private static X509Extension San(RefusalWorld w)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(w.Names[0].Value);
        names.AddIpAddress(IPAddress.Parse(w.Names[1].Value));
        return names.Build();
    }

    // The order's names and, if asked for, one of a kind that .NET has no method for (RFC 5280 §4.2.1.6).
    private static byte[] Build(RefusalWorld w, ECDsa key, Action<CertificateRequest>? edit = null, Asn1Tag? raw = null)
    {
        var request = new CertificateRequest("", key, HashAlgorithmName.SHA256);
        if (raw is { } tag)
        {
            var names = new AsnWriter(AsnEncodingRules.DER);
            using (names.PushSequence())
            {
                names.WriteCharacterString(UniversalTagNumber.IA5String, w.Names[0].Value, new Asn1Tag(TagClass.ContextSpecific, 2));
                names.WriteOctetString(IPAddress.Parse(w.Names[1].Value).GetAddressBytes(), new Asn1Tag(TagClass.ContextSpecific, 7));
                if (tag.TagValue == 8)
                {
                    names.WriteObjectIdentifier("1.3.6.1.4.1.55555.1", tag);
                }
                else
                {
                    using (names.PushSequence(new Asn1Tag(TagClass.ContextSpecific, tag.TagValue, isConstructed: true)))
                    {
                        names.WriteEncodedValue(new X500DistinguishedName("CN=other").RawData);
                    }
                }
            }

            request.CertificateExtensions.Add(new X509Extension("2.5.29.17", names.Encode(), critical: false));
        }
        else
        {
            request.CertificateExtensions.Add(San(w));
        }

        edit?.Invoke(request);
        return request.CreateSigningRequest();
    }

    private sealed class EcdsaWithSha1(ECDsa key) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm)
        {
            var algorithm = new AsnWriter(AsnEncodingRules.DER);
            using (algorithm.PushSequence())
            {
                algorithm.WriteObjectIdentifier("1.2.840.10045.4.1");
            }

            return algorithm.Encode();
        }

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => key.SignData(data, HashAlgorithmName.SHA1, DSASignatureFormat.Rfc3279DerSequence);

        protected override PublicKey BuildPublicKey() => new(key);
    }
}
