using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.Pinned;

/// <summary>
/// Memory for secrets outside the collector's heap: never moved, so never copied; kept out of swap (<c>mlock</c>) and out of core dumps
/// (<c>MADV_DONTDUMP</c>) where the system allows it; zeroized when it is given back.
/// </summary>
/// <remarks>A reference to its octets must not outlive it: it is disposed by whoever made it, when the work is done. There is no finalizer, which could pull memory from under a span.</remarks>
public sealed unsafe partial class PinnedMemory : MemoryManager<byte>
{
    private const int Page = 4096, DontDump = 16, DoDump = 17;

    private readonly nuint _size;
    private readonly bool _locked;
    private byte* _start;
    private int _used;

    /// <summary>Zeroed memory of at least that many octets.</summary>
    public PinnedMemory(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        Length = length;
        _size = (nuint)((length + Page - 1) / Page * Page);
        _start = (byte*)NativeMemory.AlignedAlloc(_size, Page);
        NativeMemory.Clear(_start, _size);
        if (OperatingSystem.IsLinux())
        {
            // Refused beyond RLIMIT_MEMLOCK: then the memory may be swapped, which the operator's manual speaks of.
            _locked = Lock(_start, _size) == 0;
            _ = Advise(_start, _size, DontDump);
        }
    }

    public int Length { get; }

    /// <summary>Whether the memory is kept out of swap.</summary>
    public bool IsLocked => _locked;

    /// <summary>Takes the next <paramref name="count"/> elements, on a boundary of 32 octets. What is taken is given back all at once, with the whole.</summary>
    /// <exception cref="InvalidOperationException">The memory was made too small.</exception>
    public Span<T> Take<T>(int count)
        where T : unmanaged
    {
        var (from, octets) = ((_used + 31) & ~31, count * sizeof(T));
        if (from + octets > (int)_size)
        {
            throw new InvalidOperationException("The memory for a secret computation was made too small.");
        }

        _used = from + octets;
        return new Span<T>(Start + from, count);
    }

    public override Span<byte> GetSpan() => new(Start, Length);

    /// <summary>An array for a secret that must be one, because a native call takes no other: the collector never moves it. Whoever takes it zeroizes it.</summary>
    public static byte[] NewArray(int length) => GC.AllocateArray<byte>(length, pinned: true);

    public override MemoryHandle Pin(int elementIndex = 0) => new(Start + elementIndex);

    public override void Unpin()
    {
    }

    /// <summary>
    /// Overwrites what the calls before this one left on the stack: registers that were put aside hold pieces of what was computed. To be called from the
    /// method that called what is to be wiped.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void WipeStack()
    {
        Span<byte> left = stackalloc byte[24 * 1024];
        CryptographicOperations.ZeroMemory(left);
    }

    protected override void Dispose(bool disposing) => Release();

    private byte* Start => _start is not null ? _start : throw new ObjectDisposedException(nameof(PinnedMemory));

    private void Release()
    {
        var start = _start;
        if (start is null)
        {
            return;
        }

        _start = null;
        CryptographicOperations.ZeroMemory(new Span<byte>(start, (int)_size));
        if (OperatingSystem.IsLinux())
        {
            _ = Advise(start, _size, DoDump);
            if (_locked)
            {
                _ = Unlock(start, _size);
            }
        }

        NativeMemory.AlignedFree(start);
    }

    [LibraryImport("libc", EntryPoint = "mlock"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Lock(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "munlock"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unlock(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* address, nuint length, int advice);
}
