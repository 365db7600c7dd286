using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;
using AgentPki.Cryptography;
using AgentPki.Ledger.Revocations;
using AgentPki.X509.Cms;
using AgentPki.X509.Ocsp;

namespace AgentPki.Client.Tests.Peers;

/// <content>What speaks of revocation, as HTTP.</content>
internal sealed partial class PeerWorld
{
    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.AbsolutePath;
        switch (path.Split('/')[1])
        {
            case "ocsp" when !OcspIsDown:
                await Task.Delay(OcspTakes, Clock, cancellationToken);
                var answer = Respond(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
                return OcspStatus == HttpStatusCode.OK ? Found(answer) : new HttpResponseMessage(OcspStatus);
            case "oauth" when !KeysAreDown:
                KeyQuestions++;
                return Found(Encoding.UTF8.GetBytes($"{{\"keys\":[{string.Join(',', KeySet)}]}}"));
            case "crl" when path.EndsWith("root.crl", StringComparison.Ordinal) && !RootCrlIsDown:
                return Found(CrlOctets(_root, _rootKey));
            case "crl" when path.EndsWith("issuing.crl", StringComparison.Ordinal) && !CrlIsDown:
                CrlQuestions++;
                return Found(CrlGarbage ?? CrlOctets(_issuing, _issuingKey));
            case "revocations" when SetsHang && path.Split('/') is [_, _, "sets", var hanging, ..] && !path.EndsWith($"{hanging}/buckets/{BucketOfSigner(hanging)}", StringComparison.Ordinal):
                await Task.Delay(Timeout.Infinite, cancellationToken);
                goto default;
            case "revocations" when !FeedIsDown:
                return path switch
                {
                    "/revocations/snapshot" => Found(Encoding.ASCII.GetBytes(await SnapshotAsync())),
                    "/revocations/feed" => await FollowAsync(),
                    _ when path.StartsWith("/revocations/signers/", StringComparison.Ordinal) => Found(CertsOnly.Encode([_feedSigner.Der, Issuing.Der])),
                    _ when path.Split('/') is [_, _, "sets", var name, "buckets", var bucket] => Found(_sets[name].BucketWithPath(int.Parse(bucket, CultureInfo.InvariantCulture))!),
                    _ when path.Split('/') is [_, _, "sets", var name] => Found(_sets.TryGetValue(name, out var set) ? set.Set.Octets.ToArray() : EmptySet().Octets),
                    _ => new HttpResponseMessage(HttpStatusCode.NotFound),
                };
            default:
                throw new HttpRequestException("down (test)");
        }
    }

    // What is revoked comes as events, all from the start: the snapshot is the one before the first.
    private async Task<string> SnapshotAsync() =>
        await SignAsync(new SnapshotStatement(FeedName, 0, Now, Authorities, new StatedSet(_snapshotSet, _sets.TryGetValue(_snapshotSet, out var set) ? set.Set.Commitment : EmptySet().Commitment)));

    private static (byte[] Octets, RevocationSetCommitment Commitment) EmptySet()
    {
        using var builder = new RevocationSetBuilder(16);
        using var output = new MemoryStream();
        var commitment = builder.Write(output);
        return (output.ToArray(), commitment);
    }

    private async Task<HttpResponseMessage> FollowAsync()
    {
        var channel = Channel.CreateUnbounded<string>();
        lock (_subscribers)
        {
            _statements.ForEach(s => channel.Writer.TryWrite(s));
            _subscribers.Add(channel);
        }

        await BeatAsync();
        var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new ChannelStream(channel.Reader, () => Leave(channel))) };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue("text/event-stream");
        return response;
    }

    private int BucketOfSigner(string set) => _sets.TryGetValue(set, out var found) ? MemberOf(_feedSigner).BucketOf(found.Set.Commitment.BucketBits) : -1;

    private void Leave(Channel<string> channel)
    {
        lock (_subscribers)
        {
            _subscribers.Remove(channel);
        }
    }

    private byte[] Respond(byte[] question)
    {
        OcspQuestions++;
        var request = OcspRequest.Parse(question);
        var now = Clock.GetUtcNow();
        var data = new ResponseData
        {
            Responder = ResponderId.For(Issuing.PublicKey),
            ProducedAt = now,
            Nonce = Nonce(request.Nonce),
            Responses = [.. request.Certificates.Select(c => new SingleResponse(
                c, _revoked.Contains(Convert.ToHexString(c.SerialNumber.Span)) ? new OcspCertificateStatus.Revoked(now) : new OcspCertificateStatus.Good(), now, now.AddMinutes(10)))],
        }.Encode();
        return OcspResponse.Assemble(data, KeyAlgorithm.EcdsaP256.DefaultSignature, _issuingKey.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    private byte[] CrlOctets(X509Certificate2 issuer, ECDsa key)
    {
        var now = Clock.GetUtcNow();
        if (_lists.TryGetValue(issuer.Subject, out var kept) && (now - kept.Made).Duration() < TimeSpan.FromMinutes(5))
        {
            return kept.Octets;
        }

        var builder = new CertificateRevocationListBuilder();
        foreach (var serial in _revoked)
        {
            builder.AddEntry(Convert.FromHexString(serial), now);
        }

        var octets = builder.Build(
            issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now.ToUnixTimeSeconds(), now.AddHours(1), HashAlgorithmName.SHA256, X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false), now);
        _lists[issuer.Subject] = (octets, now);
        return octets;
    }

    private static HttpResponseMessage Found(byte[] octets) => new(HttpStatusCode.OK) { Content = new ByteArrayContent(octets) };

    private sealed class Door(PeerWorld world) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => world.AnswerAsync(request, cancellationToken);
    }

    /// <summary>Server-Sent Events out of a channel.</summary>
    private sealed class ChannelStream(ChannelReader<string> reader, Action ended) : Stream
    {
        private ReadOnlyMemory<byte> _rest;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_rest.IsEmpty)
            {
                _rest = await NextAsync(cancellationToken);
            }

            var count = Math.Min(buffer.Length, _rest.Length);
            _rest[..count].CopyTo(buffer);
            _rest = _rest[count..];
            return count;
        }

        protected override void Dispose(bool disposing)
        {
            ended();
            base.Dispose(disposing);
        }

        private async Task<byte[]> NextAsync(CancellationToken cancellationToken)
        {
            try
            {
                return Encoding.ASCII.GetBytes($"data: {await reader.ReadAsync(cancellationToken)}\n\n");
            }
            catch (ChannelClosedException cut)
            {
                throw new IOException("cut (test)", cut);
            }
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
